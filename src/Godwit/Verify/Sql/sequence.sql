-- PostgreSQL 14-18. $1: qualified table, $2: column. The sequence that fills the column, and its step.
select n.nspname::text, c.relname::text, s.seqincrement
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_sequence s on s.seqrelid = c.oid
where c.oid = pg_catalog.to_regclass(pg_catalog.pg_get_serial_sequence($1, $2))
