-- PostgreSQL 14 to 18. ALTER ROLE SET, ALTER DATABASE SET and ALTER ROLE IN DATABASE SET, of this database and of all.
select coalesce(r.rolname, ''), s.setdatabase <> 0, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
from pg_catalog.pg_db_role_setting s
left join pg_catalog.pg_roles r on r.oid = s.setrole
cross join unnest(s.setconfig) c
where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
  and (s.setrole = 0 or r.rolname is not null)
order by 1, 2, 3
