-- PostgreSQL 14-18. What yields rows: tables, partitioned tables, materialized views, foreign tables, views; not those of extensions, nor temporary ones.
select n.nspname, c.relname, c.relkind, c.relispartition,
  case when c.relkind in ('r', 'm') then pg_relation_size(c.oid) / current_setting('block_size')::bigint else 0 end as pages,
  case when c.relkind in ('r', 'm') then pg_table_size(c.oid) else 0 end as bytes,
  greatest(c.reltuples, 0)::bigint as rows,
  coalesce(a.amname, '') as method, c.relispopulated,
  exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') as of_extension,
  -- The primary key, else the smallest unique key whose columns are all NOT NULL: columns' numbers, in its order.
  array_to_string((select i.indkey::int2[] from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
    and i.indimmediate and i.indnkeyatts = i.indnatts
    and not exists (select from unnest(i.indkey::int2[]) k(n) join pg_attribute a on a.attrelid = c.oid and a.attnum = k.n where not a.attnotnull)
    order by not i.indisprimary, i.indnatts, i.indexrelid limit 1), ',') as key,
  pn.nspname as parent_schema, p.relname as parent_name,
  -- The functions of its triggers that fire, for what they might do outside of a transaction.
  (select string_agg(f.prosrc, ' ') from pg_trigger g join pg_proc f on f.oid = g.tgfoid where g.tgrelid = c.oid and not g.tgisinternal and g.tgenabled in ('O', 'A')) as trigger_code,
  -- Hash values of a type that the database made (an enum: its oid), or of an expression, differ from server to server, and so does the partition of a row.
  c.relkind = 'p' and exists (select from pg_partition_tree(c.oid) t join pg_partitioned_table k on k.partrelid = t.relid and k.partstrat = 'h', unnest(k.partattrs) u(n)
    where u.n = 0 or exists (select from pg_attribute a join pg_type y on y.oid = a.atttypid where a.attrelid = k.partrelid and a.attnum = u.n and y.typnamespace <> 'pg_catalog'::regnamespace)) as scattered
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_am a on a.oid = c.relam
left join pg_inherits h on h.inhrelid = c.oid and c.relispartition left join pg_class p on p.oid = h.inhparent left join pg_namespace pn on pn.oid = p.relnamespace
where c.relkind in ('r', 'p', 'm', 'f', 'v') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1, 2
