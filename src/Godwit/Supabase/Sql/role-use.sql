-- PostgreSQL 14 to 18. Which roles this database's objects name: as owner (o), in a grant (a), in a policy (r). The schema is the object's own, "" where it has none.
select distinct r.rolname, d.deptype::text,
       case when d.classid in ('pg_namespace'::regclass, 'pg_event_trigger'::regclass, 'pg_publication'::regclass) then coalesce((i.object_names)[1], '')
            when d.classid = 'pg_default_acl'::regclass then coalesce((i.object_names)[2], '')
            when cardinality(i.object_names) > 1 then (i.object_names)[1] else '' end
from pg_catalog.pg_shdepend d
join pg_catalog.pg_roles r on r.oid = d.refobjid
cross join lateral pg_identify_object_as_address(d.classid, d.objid, d.objsubid) i
where d.refclassid = 'pg_authid'::regclass and d.deptype in ('o', 'a', 'r')
  and d.dbid = (select oid from pg_catalog.pg_database where datname = current_database())
  and r.rolname !~ '^pg_'
order by 1, 2, 3
