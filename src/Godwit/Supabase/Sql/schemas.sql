-- PostgreSQL 14 to 18. Schemas that are not PostgreSQL's own, with the extension that made each, if one did.
select n.nspname, pg_get_userbyid(n.nspowner),
       (select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
        where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'),
       has_schema_privilege(n.oid, 'usage')
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by n.nspname collate "C"
