-- PostgreSQL 14 to 18. datlocale (17 and later) and daticulocale (15, 16) are not needed: the target keeps its own locale.
SELECT current_setting('server_version_num')::int4,
       current_setting('server_version'),
       current_database()::text,
       current_user::text,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
       (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),
       current_setting('server_encoding'),
       d.datcollate::text,
       coalesce(
         (SELECT substr(c, length('search_path=') + 1) FROM pg_db_role_setting s, unnest(s.setconfig) c
           WHERE s.setdatabase = d.oid AND s.setrole = 0 AND c LIKE 'search\_path=%'),
         (SELECT reset_val FROM pg_settings WHERE name = 'search_path' AND source NOT IN ('database', 'user', 'database user', 'client', 'session')),
         '"$user", public'),
       pg_database_size(d.oid),
       shobj_description(d.oid, 'pg_database'),
       pg_is_in_recovery()
  FROM pg_database d
 WHERE d.datname = current_database()
