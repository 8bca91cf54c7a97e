-- PostgreSQL 14 to 18. Tables whose rows row-level security hides from this session's role, and tables that it may not read at all.
select n.nspname, c.relname, row_security_active(c.oid), has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage')
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  and (row_security_active(c.oid) or not (has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage')))
order by n.nspname collate "C", c.relname collate "C"
