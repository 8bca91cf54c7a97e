-- PostgreSQL 14-18. $1: qualified tables. Their foreign keys and checks, whether proven for every row, and what a foreign key joins.
select k.contype::text, k.conname::text, k.convalidated, t.i::int, pg_catalog.pg_get_constraintdef(k.oid), pn.nspname::text, p.relname::text,
  array(select a.attname::text from unnest(k.conkey) with ordinality x(n, i) join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.n order by x.i),
  array(select a.attname::text from unnest(k.confkey) with ordinality x(n, i) join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.n order by x.i)
from pg_catalog.unnest($1::text[]) with ordinality t(name, i)
join pg_catalog.pg_constraint k on k.conrelid = pg_catalog.to_regclass(t.name) and k.contype in ('f', 'c')
left join pg_catalog.pg_class p on p.oid = k.confrelid
left join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
order by t.i, k.conname
