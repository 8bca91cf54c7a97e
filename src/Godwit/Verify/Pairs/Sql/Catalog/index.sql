-- PostgreSQL 14-18. Indexes.
select relation(i.indexrelid) as identity, n.nspname as "in", relation(i.indrelid) as "of", pg_get_indexdef(i.indexrelid) as def,
  case when i.indisvalid then 'valid' when c.relkind = 'I' then 'a partition lacks it' else 'not valid' end as valid, case when i.indisclustered then 'clustered' end as clustered, (select t.spcname from pg_tablespace t where t.oid = c.reltablespace) as tablespace,
  concat_ws('; ', resolved(i.indexprs), resolved(i.indpred)) as calls,
  (select string_agg(quote_ident(on_.nspname) || '.' || quote_ident(o.opcname), ', ' order by u.i) from unnest(i.indclass::oid[]) with ordinality u(oid, i) join pg_opclass o on o.oid = u.oid join pg_namespace on_ on on_.oid = o.opcnamespace) as "operator classes",
  obj_description(c.oid, 'pg_class') as comment
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where t.relpersistence <> 't' and own('pg_class', t.oid) and user_schema(n.nspname)
