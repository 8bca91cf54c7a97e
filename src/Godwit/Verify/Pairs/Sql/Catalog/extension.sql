-- PostgreSQL 14-18. Extensions; a comment is told where it is not that of the extension's own files.
select quote_ident(e.extname) as identity, null as "in", null as "of", e.extversion as version, n.nspname as schema,
  nullif(obj_description(e.oid, 'pg_extension'), (select a.comment from pg_available_extensions a where a.name = e.extname)) as comment
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
