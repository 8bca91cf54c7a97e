-- PostgreSQL 14-18. Foreign keys that stand for themselves (those of partitions follow their table's) and that the server holds to.
-- $1: the key; null: those that reference one of the tables $2, or what these are partitions of.
select k.oid, k.conname::text, k.confrelid, case when c.relkind = 'p' then '' else 'ONLY ' end || quote_ident(cn.nspname) || '.' || quote_ident(c.relname) as child,
  quote_ident(pn.nspname) || '.' || quote_ident(p.relname) as parent, p.relkind = 'p' as parent_is_tree, k.confmatchtype = 'f' as match_full,
  array(select quote_ident(a.attname) from unnest(k.conkey) with ordinality u(n, i) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.n order by u.i) as from_columns,
  array(select quote_ident(a.attname) from unnest(k.confkey) with ordinality u(n, i) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.n order by u.i) as to_columns,
  array(select 'OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')' from unnest(k.conpfeqop) with ordinality u(op, i) join pg_operator o on o.oid = u.op join pg_namespace n on n.oid = o.oprnamespace order by u.i) as operators,
  -- A key over time (from 18 on): its last column is a period, whose operator says that two overlap.
  coalesce(to_jsonb(k) ->> 'conperiod', 'false') = 'true' as over_time
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace cn on cn.oid = c.relnamespace join pg_class p on p.oid = k.confrelid join pg_namespace pn on pn.oid = p.relnamespace
where k.contype = 'f' and k.conparentid = 0 and coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
  and case when $1::oid is not null then k.oid = $1::oid
    else k.confrelid in (select x from unnest($2::oid[]) t(id) cross join lateral (select t.id union select a.relid::oid from pg_partition_ancestors(t.id) a) s(x)) end
