-- PostgreSQL 14-18. Roles; "used" are those that this database knows: owners, grantees, those with settings here, and all roles that any of them is a member of or has as members.
-- What a role may do with another database of the server is none of this one's.
with recursive here (oid) as (
  select oid from pg_database where datname = current_database()
), used (oid) as (
  select d.refobjid from pg_shdepend d, here where d.refclassid = 'pg_authid'::regclass and (d.dbid = here.oid or d.dbid = 0 and (d.classid <> 'pg_database'::regclass or d.objid = here.oid))
  union select s.setrole from pg_db_role_setting s, here where s.setrole <> 0 and s.setdatabase = here.oid
  union select case when m.roleid = used.oid then m.member else m.roleid end from used join pg_auth_members m on used.oid in (m.roleid, m.member)
)
select quote_ident(r.rolname) as identity, null as "in", null as "of", case when r.oid in (select oid from used) then 'here' end as used,
  concat_ws(', ', case when r.rolsuper then 'superuser' end, case when r.rolinherit then 'inherit' else 'noinherit' end, case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
    case when r.rolcanlogin then 'login' else 'nologin' end, case when r.rolreplication then 'replication' end, case when r.rolbypassrls then 'bypassrls' end) as attributes,
  case when r.rolconnlimit <> -1 then r.rolconnlimit::text end as "connection limit", r.rolvaliduntil::text as "valid until",
  (select string_agg(s, chr(10) order by s) from pg_db_role_setting g, unnest(g.setconfig) s where g.setrole = r.oid and g.setdatabase = 0) as settings,
  (select string_agg(s, chr(10) order by s) from pg_db_role_setting g, unnest(g.setconfig) s where g.setrole = r.oid and g.setdatabase = (select oid from pg_database where datname = current_database())) as "settings in this database",
  (select string_agg(distinct pg_get_userbyid(m.roleid) || case when m.admin_option then ' (admin)' else '' end, '; ') from pg_auth_members m where m.member = r.oid) as "member of",
  shobj_description(r.oid, 'pg_authid') as comment
from pg_roles r where r.rolname !~ '^pg_'
