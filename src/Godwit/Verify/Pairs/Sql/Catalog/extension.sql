-- PostgreSQL 14-18. Extensions.
select quote_ident(e.extname) as identity, null as "in", null as "of", e.extversion as version, n.nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
