-- What a target's role, schema and settings allow, before anything is changed. $1: the target schema. PostgreSQL 14 to 18.
SELECT n.oid IS NOT NULL AS schema_exists,
       n.oid IS NULL OR pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS can_create_in_schema,
       pg_catalog.current_setting('default_transaction_read_only') = 'on' AS read_only,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend')::integer AS connections_used,
       pg_catalog.current_setting('superuser_reserved_connections')::integer AS connections_reserved,
       pg_catalog.pg_database_size(pg_catalog.current_database()) AS database_bytes,
       -- The view hides what the role may not see; current_setting would refuse.
       (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'data_directory') AS data_directory,
       (SELECT r.rolconnlimit FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)::integer AS role_connection_limit
FROM (SELECT 1) one
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
