-- PostgreSQL 14 to 18. Settings that this server knows and who may change them.
select name, context from pg_catalog.pg_settings
