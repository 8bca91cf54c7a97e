-- PostgreSQL 14-18. $1: schemas. Every relation, constraint and trigger in them: kind, schema, name, owner, usable (index valid, constraint validated).
select case when c.relkind in ('r', 'p', 'f') then 'table' when c.relkind in ('i', 'I') then 'index' when c.relkind in ('v', 'm') then 'view' end,
  n.nspname::text, c.relname::text, null::text, coalesce(i.indisvalid, true)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace left join pg_catalog.pg_index i on i.indexrelid = c.oid
where n.nspname = any ($1::text[]) and c.relkind in ('r', 'p', 'f', 'i', 'I', 'v', 'm')
union all
select 'constraint', n.nspname::text, k.conname::text, c.relname::text, k.convalidated
from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1::text[])
union all
select 'trigger', n.nspname::text, t.tgname::text, c.relname::text, t.tgenabled <> 'D'
from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any ($1::text[]) and not t.tgisinternal
