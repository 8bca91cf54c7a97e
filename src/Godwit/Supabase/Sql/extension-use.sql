-- PostgreSQL 14 to 18. Which installed extensions something outside of them needs, as PostgreSQL records it, and one such object.
select e.extname, count(*), min(pg_describe_object(d.classid, d.objid, d.objsubid))
from pg_catalog.pg_extension e
join pg_catalog.pg_depend m on m.refclassid = 'pg_extension'::regclass and m.refobjid = e.oid and m.deptype = 'e' and m.classid <> 'pg_namespace'::regclass
join pg_catalog.pg_depend d on d.refclassid = m.classid and d.refobjid = m.objid and d.deptype = 'n'
where not exists (select from pg_catalog.pg_depend x where x.classid = d.classid and x.objid = d.objid and x.deptype = 'e')
  and e.extname <> 'plpgsql' and d.classid <> 'pg_extension'::regclass
  and not exists (select from pg_catalog.pg_trigger t where d.classid = 'pg_trigger'::regclass and t.oid = d.objid and t.tgisinternal)
group by e.extname
