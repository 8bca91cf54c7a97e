-- PostgreSQL 14-18. The database itself; its name and owner are the target's own affair, and so are rights of a superuser, who has all of them anyway.
select 'this database' as identity, null as "in", null as "of", pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, d.datctype as ctype,
  (select string_agg(s, chr(10) order by s) from pg_db_role_setting g, unnest(g.setconfig) s where g.setrole = 0 and g.setdatabase = d.oid) as settings,
  (select string_agg(g.line, '; ' order by g.line) from (select case e.grantee when 0 then 'PUBLIC' else pg_get_userbyid(e.grantee)::text end || '='
      || string_agg(distinct e.privilege_type || case when e.is_grantable then '*' else '' end, ',') as line
    from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) e where not exists (select from pg_roles r where r.oid = e.grantee and r.rolsuper) group by e.grantee) g) as acl,
  case when d.datconnlimit <> -1 then d.datconnlimit::text end as "connection limit", shobj_description(d.oid, 'pg_database') as comment
from pg_database d where d.datname = current_database()
