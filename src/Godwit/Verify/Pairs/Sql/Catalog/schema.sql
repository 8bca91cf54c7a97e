-- PostgreSQL 14-18. Schemas.
select quote_ident(n.nspname) as identity, n.nspname as "in", null as "of", pg_get_userbyid(n.nspowner) as owner, acl(n.nspacl, 'n', n.nspowner) as acl, obj_description(n.oid, 'pg_namespace') as comment
from pg_namespace n where own('pg_namespace', n.oid) and user_schema(n.nspname)
