-- PostgreSQL 14-18. Types of one's own: enums, domains, composite types, ranges, base types; not those that stand for tables and arrays.
select format_type(t.oid, null) as identity, n.nspname as "in", null as "of", t.typtype::text as kind,
  (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
  case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base, case when t.typtype = 'd' then pg_get_expr(t.typdefaultbin, 0) end as "default", case when t.typnotnull then 'NOT NULL' end as "null",
  (select quote_ident(ln.nspname) || '.' || quote_ident(l.collname) from pg_collation l join pg_namespace ln on ln.oid = l.collnamespace where l.oid = t.typcollation) as collation,
  (select concat_ws(', ', format_type(r.rngsubtype, null), (select o.opcname from pg_opclass o where o.oid = r.rngsubopc), r.rngcanonical, r.rngsubdiff) from pg_range r where r.rngtypid = t.oid) as range,
  case when t.typtype = 'b' then concat_ws(', ', t.typinput, t.typoutput, t.typreceive, t.typsend, t.typlen, t.typalign, t.typstorage) end as base_type,
  pg_get_userbyid(t.typowner) as owner, acl(t.typacl, 'T', t.typowner) as acl, obj_description(t.oid, 'pg_type') as comment
from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
where (t.typrelid = 0 or c.relkind = 'c') and t.typtype <> 'm' and not exists (select from pg_type e where e.typarray = t.oid) and own('pg_type', t.oid) and user_schema(n.nspname)
