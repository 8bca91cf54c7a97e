-- PostgreSQL 14-18. Columns of tables, views and composite types.
select relation(c.oid) || '.' || quote_ident(a.attname) as identity, n.nspname as "in", relation(c.oid) as "of",
  (row_number() over (partition by c.oid order by a.attnum))::text as position,
  format_type(a.atttypid, a.atttypmod) as type, case when a.attnotnull then 'NOT NULL' else 'NULL' end as "null",
  case a.attgenerated when '' then pg_get_expr(d.adbin, d.adrelid) end as "default", case when a.attgenerated <> '' then a.attgenerated::text || ' ' || pg_get_expr(d.adbin, d.adrelid) end as generated,
  resolved(d.adbin) as "default calls",
  case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity_kind,
  (select quote_ident(ln.nspname) || '.' || quote_ident(l.collname) from pg_collation l join pg_namespace ln on ln.oid = l.collnamespace join pg_type t on t.oid = a.atttypid where l.oid = a.attcollation and a.attcollation <> t.typcollation) as collation,
  case when c.relkind in ('r', 'p', 'f', 'm') then a.attstorage::text end as storage, nullif(a.attcompression::text, '') as compression,
  case when to_jsonb(a) ->> 'attstattarget' <> '-1' then to_jsonb(a) ->> 'attstattarget' end as "statistics target", (select string_agg(o, ', ' order by o) from unnest(a.attoptions) o) as options, (select string_agg(o, ', ' order by o) from unnest(a.attfdwoptions) o) as "server options",
  case when a.attacl is not null then acl(a.attacl, 'c', c.relowner) end as acl, col_description(c.oid, a.attnum) as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relkind in ('r', 'p', 'f', 'v', 'm', 'c') and c.relpersistence <> 't' and own('pg_class', c.oid) and user_schema(n.nspname)
