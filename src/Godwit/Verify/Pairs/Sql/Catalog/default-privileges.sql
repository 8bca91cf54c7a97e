-- PostgreSQL 14-18. Default privileges.
select pg_get_userbyid(d.defaclrole) || coalesce(' in ' || quote_ident(n.nspname), '') || ': ' || d.defaclobjtype::text as identity, n.nspname as "in", null as "of", acl(d.defaclacl, 'r', d.defaclrole) as acl
from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
