-- PostgreSQL 14-18. $1: qualified names as SQL writes them. One row each, in that order: name, kind (null: no such table), pages, columns.
select n.name, c.relkind::text, coalesce(pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint, 0),
  array(select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
from pg_catalog.unnest($1::text[]) with ordinality n(name, i)
left join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(n.name) and c.relkind in ('r', 'p', 'f')
order by n.i
