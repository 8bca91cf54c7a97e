-- PostgreSQL 14 to 18. Checks that call a function of the application: it may read other tables, whose rows are not there yet while rows are loaded.
select distinct n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid and d.refclassid = 'pg_proc'::regclass
join pg_catalog.pg_proc p on p.oid = d.refobjid
where k.contype = 'c' and k.convalidated and k.conislocal and n.nspname !~ '^pg_'
  and p.pronamespace <> 'pg_catalog'::regnamespace
  and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
order by 1, 2, 3
