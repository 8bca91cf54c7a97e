-- PostgreSQL 14-18. The tables $1 (a text array), what they are partitions of, and every view and table whose query or policy reads one of them, to any depth, also
-- through functions. A function's text is only text: whoever names a table in it counts as one that reads it.
-- Third: it is, or reads, a materialized view. Fourth: only writes depend on them, by a trigger, or because one of them references it.
with recursive given (oid) as (select t.name::regclass::oid from unnest($1::text[]) t(name)),
functions (oid, body) as materialized (
  select p.oid, p.prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
  where n.nspname not in ('pg_catalog', 'information_schema', 'godwit') and l.lanname not in ('c', 'internal')
),
reads (class, oid, stored) as (
  select 'pg_class'::regclass::oid, g.oid, false from given g
  union
  select x.class, x.oid, r.stored or x.stored from reads r cross join lateral (
    select 'pg_class'::regclass::oid as class, a.relid::oid as oid, false as stored from pg_partition_ancestors(r.oid) a where r.class = 'pg_class'::regclass
    union all select 'pg_class'::regclass, w.ev_class, c.relkind = 'm' from pg_depend d join pg_rewrite w on w.oid = d.objid join pg_class c on c.oid = w.ev_class where d.classid = 'pg_rewrite'::regclass and d.refclassid = r.class and d.refobjid = r.oid
    union all select 'pg_class'::regclass, p.polrelid, false from pg_depend d join pg_policy p on p.oid = d.objid where d.classid = 'pg_policy'::regclass and d.refclassid = r.class and d.refobjid = r.oid
    union all select 'pg_proc'::regclass, d.objid, false from pg_depend d where d.classid = 'pg_proc'::regclass and d.refclassid = r.class and d.refobjid = r.oid
    union all select 'pg_proc'::regclass, f.oid, false from functions f
      where f.body ~* ('\m' || regexp_replace(coalesce((select relname::text from pg_class where oid = r.oid and r.class = 'pg_class'::regclass), (select proname::text from pg_proc where oid = r.oid and r.class = 'pg_proc'::regclass)), '(\W)', '\\\1', 'g') || '\M')
  ) x
)
select n.nspname, c.relname, bool_or(w.stored and not w.writes), bool_and(w.writes) from (
  select r.oid, r.stored, false from reads r where r.class = 'pg_class'::regclass
  union all select t.tgrelid, false, true from reads r join pg_trigger t on t.tgfoid = r.oid where r.class = 'pg_proc'::regclass and not t.tgisinternal
  union all select k.confrelid, false, true from given g join pg_constraint k on k.contype = 'f' and k.conrelid = g.oid
) w (oid, stored, writes) join pg_class c on c.oid = w.oid join pg_namespace n on n.oid = c.relnamespace group by 1, 2
