-- PostgreSQL 14-18. Constraints of tables and domains; NOT NULL is a property of the column.
select coalesce(relation(c.oid), format_type(k.contypid, null)) || '.' || quote_ident(k.conname) as identity, n.nspname as "in", relation(c.oid) as "of",
  pg_get_constraintdef(k.oid) as def, case when k.convalidated then 'validated' else 'not validated' end as validated, case when to_jsonb(k) ->> 'conenforced' = 'false' then 'not enforced' end as enforced,
  case when k.condeferrable then 'deferrable' || case when k.condeferred then ', deferred' else '' end else 'not deferrable' end as deferrable, case when k.connoinherit and k.contype = 'c' then 'no inherit' end as inherit,
  case when k.contype in ('c', 'x') then concat_ws('; ', resolved(k.conbin), (select string_agg(o::regoperator::text, ', ') from unnest(k.conexclop) o)) when k.contype = 'f' then (select string_agg(o::regoperator::text, ', ') from unnest(k.conpfeqop) o) end as calls,
  obj_description(k.oid, 'pg_constraint') as comment
from pg_constraint k join pg_namespace n on n.oid = k.connamespace left join pg_class c on c.oid = k.conrelid
where k.contype in ('c', 'f', 'p', 'u', 'x')
  -- Beside a key that references a partitioned table stands one for each partition, of a name that the server chooses, each version otherwise.
  and not exists (select from pg_constraint above where above.oid = k.conparentid and above.conrelid = k.conrelid) and own('pg_constraint', k.oid) and (c.oid is null or own('pg_class', c.oid)) and (k.contypid = 0 or own('pg_type', k.contypid)) and user_schema(n.nspname)
