-- PostgreSQL 14-18. The database itself; its name and owner are the target's own affair.
select 'this database' as identity, null as "in", null as "of", pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, d.datctype as ctype,
  (select string_agg(s, chr(10) order by s) from pg_db_role_setting g, unnest(g.setconfig) s where g.setrole = 0 and g.setdatabase = d.oid) as settings,
  acl(d.datacl, 'd', d.datdba) as acl, case when d.datconnlimit <> -1 then d.datconnlimit::text end as "connection limit", shobj_description(d.oid, 'pg_database') as comment
from pg_database d where d.datname = current_database()
