-- PostgreSQL 14 to 18. Every role that is not PostgreSQL's own.
select r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit,
       r.rolvaliduntil, shobj_description(r.oid, 'pg_authid')
from pg_catalog.pg_roles r
where r.rolname !~ '^pg_'
order by r.rolname collate "C"
