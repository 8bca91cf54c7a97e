-- PostgreSQL 14-18. $1: a table as SQL writes it. Its checks and what its indexes have beside columns: the object's name, which term (0: the
-- predicate, or a check), the expression as the server has it, its type.
select c.conname::text, 0, pg_catalog.pg_get_expr(c.conbin, c.conrelid), 'boolean'
from pg_catalog.pg_constraint c
where c.conrelid = pg_catalog.to_regclass($1) and c.contype = 'c'
union all
select i.relname::text, 0, pg_catalog.pg_get_expr(x.indpred, x.indrelid), 'boolean'
from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid
where x.indrelid = pg_catalog.to_regclass($1) and x.indpred is not null
union all
select i.relname::text, a.attnum::int, pg_catalog.pg_get_indexdef(x.indexrelid, a.attnum, false), pg_catalog.format_type(a.atttypid, null)
from pg_catalog.pg_index x join pg_catalog.pg_class i on i.oid = x.indexrelid join pg_catalog.pg_attribute a on a.attrelid = x.indexrelid
where x.indrelid = pg_catalog.to_regclass($1) and a.attnum <= x.indnkeyatts
