-- PostgreSQL 14 to 18. Installed extensions, and those that could be installed. CREATE EXTENSION makes the comment that its files say.
select a.name, coalesce(e.extversion, a.default_version), n.nspname, coalesce(pg_catalog.obj_description(e.oid, 'pg_extension') <> coalesce(a.comment, ''), false)
from pg_catalog.pg_available_extensions a
left join pg_catalog.pg_extension e on e.extname = a.name
left join pg_catalog.pg_namespace n on n.oid = e.extnamespace
union all
select e.extname, e.extversion, n.nspname, false
from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where not exists (select from pg_catalog.pg_available_extensions a where a.name = e.extname)
order by 1
