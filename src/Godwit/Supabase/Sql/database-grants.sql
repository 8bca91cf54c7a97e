-- PostgreSQL 14 to 18. Who may do what with this database; "" is everybody.
select coalesce(r.rolname, ''), a.privilege_type, a.is_grantable
from pg_catalog.pg_database d
cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
left join pg_catalog.pg_roles r on r.oid = a.grantee
where d.datname = current_database() and a.grantee <> d.datdba and (a.grantee = 0 or r.rolname is not null)
order by 1, 2
