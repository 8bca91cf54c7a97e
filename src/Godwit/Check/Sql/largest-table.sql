-- PostgreSQL 14 and later. The largest table that may be read, and how many of its pages hold about $1 bytes, with what is stored beside them.
select pg_catalog.format('%I.%I', n.nspname, c.relname), greatest(1, ceil(s.heap / pg_catalog.current_setting('block_size')::float8 * least(1, $1::float8 / greatest(1, s.heap + s.toast))))::int8
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
  lateral (select pg_catalog.pg_relation_size(c.oid) as heap, coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) as toast) s
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'godwit') and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT')
order by s.heap + s.toast desc nulls last limit 1
