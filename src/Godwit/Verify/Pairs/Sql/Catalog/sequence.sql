-- PostgreSQL 14-18. Sequences: how they count; where they stand is compared as data.
select relation(c.oid) as identity, n.nspname as "in", null as "of", format_type(s.seqtypid, null) as type, s.seqstart::text as start, s.seqmin::text as min, s.seqmax::text as max, s.seqincrement::text as increment, s.seqcache::text as cache,
  case when s.seqcycle then 'cycle' else 'no cycle' end as cycle, case c.relpersistence when 'u' then 'unlogged' end as persistence,
  (select relation(d.refobjid) || '.' || quote_ident(a.attname) || case d.deptype when 'i' then ' (identity)' else '' end from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0) as "owned by",
  pg_get_userbyid(c.relowner) as owner, acl(c.relacl, 's', c.relowner) as acl, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
where c.relpersistence <> 't' and own('pg_class', c.oid) and user_schema(n.nspname)
