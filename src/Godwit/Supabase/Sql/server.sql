-- PostgreSQL 14 to 18. The server, the database and what the session's role may do there. One row.
select current_setting('server_version_num'), current_database(), pg_get_userbyid(d.datdba), current_user,
       me.rolsuper, me.rolbypassrls, me.rolcreaterole, me.rolreplication, me.rolcreatedb,
       has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'select'),
       has_database_privilege(d.oid, 'create'),
       (select setting from pg_catalog.pg_settings where name = 'shared_preload_libraries'), current_setting('max_connections'), (select setting from pg_catalog.pg_settings where name = 'cron.database_name'),
       d.datconnlimit, me.rolconnlimit, pg_database_size(d.oid), pg_encoding_to_char(d.encoding), d.datcollate,
       shobj_description(d.oid, 'pg_database')
from pg_catalog.pg_database d, pg_catalog.pg_roles me
where d.datname = current_database() and me.rolname = current_user
