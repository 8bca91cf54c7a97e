-- PostgreSQL 14-18. Roles that are given something in this database's own schemas, by a grant or a policy; no superusers, none of PostgreSQL's own.
select distinct r.rolname
from pg_roles r
where not r.rolsuper and r.rolname !~ '^pg_' and r.oid in (
  select a.grantee from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and a.grantee <> c.relowner
  union select a.grantee from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace, aclexplode(t.attacl) a where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  union select unnest(p.polroles) from pg_policy p)
order by 1
