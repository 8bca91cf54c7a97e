-- PostgreSQL 14 to 18. Objects outside of the schemas of $1 that need an object in one of them, as PostgreSQL records it: triggers, views, policies, defaults,
-- constraints, columns, functions with parsed bodies. Extensions' own objects are passed over.
with far as (
    select 'pg_proc'::regclass as class, p.oid, n.nspname, p.proname::text as name, 'function' as kind from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    union all
    select 'pg_class'::regclass, c.oid, n.nspname, c.relname::text, 'table' from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    union all
    select 'pg_type'::regclass, t.oid, n.nspname, t.typname::text, 'type' from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
)
select distinct i.type, coalesce(i.object_names[1], ''), array_to_string(i.object_names[2:], '.'), far.nspname, far.name, far.kind
from far
join pg_catalog.pg_depend d on d.refclassid = far.class and d.refobjid = far.oid and d.deptype = 'n'
cross join lateral pg_identify_object_as_address(d.classid, d.objid, d.objsubid) i
where far.nspname = any ($1)
  and not coalesce(i.object_names[1], '') = any ($1)
  and d.classid <> 'pg_extension'::regclass
  and not exists (select from pg_catalog.pg_depend e where e.classid = d.classid and e.objid = d.objid and e.deptype = 'e')
  and not exists (select from pg_catalog.pg_trigger t where d.classid = 'pg_trigger'::regclass and t.oid = d.objid and t.tgisinternal)
  and d.classid not in ('pg_event_trigger'::regclass, 'pg_default_acl'::regclass, 'pg_cast'::regclass)
order by 1, 2, 3, 4, 5
