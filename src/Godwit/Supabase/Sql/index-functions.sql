-- PostgreSQL 14 to 18. Functions of the application that indexes and materialized views call and that set no search_path of their own: from version 17 on these run with pg_catalog alone.
select distinct n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), c.relname
from pg_catalog.pg_depend d
join pg_catalog.pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang and l.lanname in ('sql', 'plpgsql')
left join pg_catalog.pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
join pg_catalog.pg_class c on c.oid = coalesce(r.ev_class, case when d.classid = 'pg_class'::regclass then d.objid end) and c.relkind in ('i', 'I', 'm')
where n.nspname !~ '^pg_' and not exists (select from unnest(p.proconfig) s where s like 'search_path=%') and p.prosqlbody is null
  and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
order by 1, 2, 3, 4
