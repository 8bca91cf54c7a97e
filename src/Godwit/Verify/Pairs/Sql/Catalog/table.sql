-- PostgreSQL 14-18. Tables, partitioned tables, foreign tables.
select relation(c.oid) as identity, n.nspname as "in", null as "of",
  case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' else 'foreign table' end as kind,
  -- A partitioned table has no rows of its own; since PostgreSQL 18 it cannot be unlogged.
  case when c.relkind = 'p' then null when c.relpersistence = 'u' then 'unlogged' else 'logged' end as persistence,
  case when c.relrowsecurity then 'enabled' else 'disabled' end as "row security", case when c.relforcerowsecurity then 'forced' else 'not forced' end as "row security of the owner",
  case c.relreplident when 'i' then 'index ' || (select relation(i.indexrelid) from pg_index i where i.indrelid = c.oid and i.indisreplident) else c.relreplident::text end as "replica identity",
  (select string_agg(o, ', ' order by o) from unnest(c.reloptions) o) as options,
  pg_get_partkeydef(c.oid) as "partition key", pg_get_expr(c.relpartbound, c.oid) as "partition bound",
  (select string_agg(relation(h.inhparent), ', ' order by h.inhseqno) from pg_inherits h where h.inhrelid = c.oid) as parents,
  (select a.amname from pg_am a where a.oid = c.relam) as "access method", (select t.spcname from pg_tablespace t where t.oid = c.reltablespace) as tablespace,
  (select format_type(c.reloftype, null) where c.reloftype <> 0) as "of type",
  (select s.srvname || ' ' || coalesce((select string_agg(o, ', ' order by o) from unnest(f.ftoptions) o), '') from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid) as server,
  pg_get_userbyid(c.relowner) as owner, acl(c.relacl, 'r', c.relowner) as acl, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and own('pg_class', c.oid) and user_schema(n.nspname)
