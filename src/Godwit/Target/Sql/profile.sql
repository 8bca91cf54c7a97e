-- PostgreSQL 14 to 18. The locale's name moved: daticulocale (15, 16), datlocale (17 and later); to_jsonb reads what is there.
SELECT current_setting('server_version_num')::int4,
       current_setting('server_version'),
       current_database()::text,
       current_user::text,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
       has_database_privilege(current_user, current_database(), 'CREATE'),
       current_setting('server_encoding'),
       CASE coalesce(to_jsonb(d) ->> 'datlocprovider', 'c')
           WHEN 'i' THEN 'icu:' || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', d.datcollate)
           WHEN 'b' THEN 'builtin:' || coalesce(to_jsonb(d) ->> 'datlocale', d.datcollate)
           ELSE d.datcollate::text
       END,
       coalesce((SELECT s.ssl FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()), false),
       current_setting('max_connections')::int4,
       pg_size_bytes(current_setting('maintenance_work_mem')),
       pg_is_in_recovery(),
       (SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis')
  FROM pg_database d
 WHERE d.datname = current_database()
