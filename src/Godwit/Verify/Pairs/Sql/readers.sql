-- PostgreSQL 14-18. The tables $1 (a text array), what they are partitions of, and every view and table whose query or policy reads one of them, to any depth.
with recursive reads (oid) as (
  select t.name::regclass::oid from unnest($1::text[]) t(name)
  union
  select x.oid from reads r cross join lateral (
    select a.relid::oid as oid from pg_partition_ancestors(r.oid) a
    union select w.ev_class from pg_depend d join pg_rewrite w on w.oid = d.objid where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid
    union select p.polrelid from pg_depend d join pg_policy p on p.oid = d.objid where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid
  ) x
)
select n.nspname, c.relname from reads r join pg_class c on c.oid = r.oid join pg_namespace n on n.oid = c.relnamespace
