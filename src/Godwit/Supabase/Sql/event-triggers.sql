-- PostgreSQL 14 to 18.
select t.evtname, t.evtevent, t.evtenabled, pg_get_userbyid(t.evtowner), n.nspname, p.proname,
       exists (select from pg_catalog.pg_depend d where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid and d.deptype = 'e')
from pg_catalog.pg_event_trigger t
join pg_catalog.pg_proc p on p.oid = t.evtfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
order by t.evtname collate "C"
