-- PostgreSQL 14-18. Columns of what relations.sql lists: what a value is made of, below all domains.
with recursive base (oid, below, type, modifier) as (
  select oid, oid, typtype, null::int from pg_type
  union all
  select b.oid, t.typbasetype, (select u.typtype from pg_type u where u.oid = t.typbasetype), t.typtypmod from base b join pg_type t on t.oid = b.below where b.type = 'd'
)
select n.nspname, c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod) as type,
  case when bn.nspname = 'pg_catalog' then bt.typname else '' end as base, bt.typtype as sort, a.attgenerated,
  -- From 18 on NOT NULL may stand without having been proven for the rows that are there.
  a.attnotnull and c.relkind in ('r', 'p') and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'n' and not k.convalidated and a.attnum = any (k.conkey)) as not_null,
  format_type(b.below, coalesce(b.modifier, a.atttypmod)) as below
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join base b on b.oid = a.atttypid and b.type <> 'd' join pg_type bt on bt.oid = b.below join pg_namespace bn on bn.oid = bt.typnamespace
where c.relkind in ('r', 'p', 'm', 'f', 'v') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, 2, 4
