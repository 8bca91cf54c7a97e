-- PostgreSQL 14 to 18. inherit_option and set_option came with 16. One role can be granted to another by several grantors: what any of them gave counts.
select g.rolname, m.rolname, bool_or(a.admin_option),
       bool_or(coalesce((to_jsonb(a) ->> 'inherit_option')::bool, m.rolinherit)), bool_or(coalesce((to_jsonb(a) ->> 'set_option')::bool, true))
from pg_catalog.pg_auth_members a
join pg_catalog.pg_roles g on g.oid = a.roleid
join pg_catalog.pg_roles m on m.oid = a.member
group by g.rolname, m.rolname
order by g.rolname collate "C", m.rolname collate "C"
