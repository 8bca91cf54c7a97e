-- Roles as a hosted project has them. They belong to the whole server, so that several databases share them: made where they are missing, left
-- alone where they are there. The lock is on a catalog that all databases share: two builders at once wait for each other.
LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;

DO $roles$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('supabase_admin', 'SUPERUSER LOGIN CREATEROLE CREATEDB REPLICATION BYPASSRLS'),
      ('{admin}', 'NOSUPERUSER LOGIN CREATEROLE CREATEDB REPLICATION BYPASSRLS'),
      ('anon', 'NOLOGIN NOINHERIT'),
      ('authenticated', 'NOLOGIN NOINHERIT'),
      ('service_role', 'NOLOGIN NOINHERIT BYPASSRLS'),
      ('authenticator', 'LOGIN NOINHERIT'),
      ('dashboard_user', 'NOLOGIN CREATEROLE CREATEDB REPLICATION'),
      ('supabase_auth_admin', 'LOGIN NOINHERIT CREATEROLE'),
      ('supabase_storage_admin', 'LOGIN NOINHERIT CREATEROLE'),
      ('supabase_functions_admin', 'LOGIN NOINHERIT CREATEROLE'),
      ('supabase_realtime_admin', 'NOLOGIN NOINHERIT'),
      ('supabase_replication_admin', 'LOGIN REPLICATION'),
      ('supabase_read_only_user', 'LOGIN BYPASSRLS'),
      ('supabase_etl_admin', 'LOGIN REPLICATION'),
      ('pgbouncer', 'LOGIN'),
      ('pgsodium_keyiduser', 'NOLOGIN'),
      ('pgsodium_keyholder', 'NOLOGIN'),
      ('pgsodium_keymaker', 'NOLOGIN')) AS r (name, attributes)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name) THEN
      EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.attributes);
      IF wanted.attributes LIKE '%LOGIN%' AND wanted.attributes NOT LIKE '%NOLOGIN%' AND '{password}' <> '' THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', wanted.name, '{password}');
      END IF;
    END IF;
  END LOOP;
END
$roles$;

DO $memberships$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('anon', 'authenticator'), ('authenticated', 'authenticator'), ('service_role', 'authenticator'),
      ('anon', '{admin}'), ('authenticated', '{admin}'), ('service_role', '{admin}'), ('authenticator', '{admin}'),
      ('supabase_realtime_admin', '{admin}'),
      ('pg_monitor', '{admin}'), ('pg_read_all_data', '{admin}'), ('pg_signal_backend', '{admin}'),
      ('pg_read_all_data', 'supabase_read_only_user'), ('pg_read_all_data', 'supabase_etl_admin'), ('pg_monitor', 'supabase_etl_admin'),
      ('authenticator', 'supabase_storage_admin'), ('pgsodium_keyiduser', 'pgsodium_keyholder'), ('pgsodium_keyholder', 'pgsodium_keymaker'),
      ('pgsodium_keyholder', 'service_role')) AS m (granted, member)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                   WHERE m.roleid = wanted.granted::regrole AND m.member = wanted.member::regrole) THEN
      EXECUTE format('GRANT %I TO %I%s', wanted.granted, wanted.member,
        CASE WHEN wanted.member = '{admin}' AND wanted.granted !~ '^(pg_|supabase_)' THEN ' WITH ADMIN OPTION' ELSE '' END);
    END IF;
  END LOOP;
END
$memberships$;

DO $settings$
DECLARE
  wanted record;
  wanted_item text;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('anon', 'statement_timeout', '3s'),
      ('authenticated', 'statement_timeout', '8s'),
      ('authenticator', 'statement_timeout', '8s'),
      ('authenticator', 'lock_timeout', '8s'),
      -- Libraries of the platform: on a plain server this role cannot log in while the setting is there.
      ('authenticator', 'session_preload_libraries', '{preload}'),
      ('{admin}', 'search_path', '"$user", public, extensions'),
      ('supabase_admin', 'log_statement', 'none'),
      ('supabase_auth_admin', 'idle_in_transaction_session_timeout', '60000'),
      ('supabase_auth_admin', 'log_statement', 'none'),
      ('supabase_auth_admin', 'search_path', 'auth'),
      ('supabase_functions_admin', 'search_path', 'supabase_functions'),
      ('supabase_storage_admin', 'log_statement', 'none'),
      ('supabase_storage_admin', 'search_path', 'storage'),
      ('supabase_read_only_user', 'default_transaction_read_only', 'on')) AS s (role, name, value)
    WHERE s.value <> ''
  LOOP
    wanted_item := wanted.name || '=';
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting d, unnest(d.setconfig) AS item
                   WHERE d.setdatabase = 0 AND d.setrole = wanted.role::regrole AND starts_with(item, wanted_item)) THEN
      -- Lists are lists of names, not one quoted name.
      IF wanted.name IN ('search_path', 'session_preload_libraries') THEN
        EXECUTE format('ALTER ROLE %I SET %I TO %s', wanted.role, wanted.name, wanted.value);
      ELSE
        EXECUTE format('ALTER ROLE %I SET %I TO %L', wanted.role, wanted.name, wanted.value);
      END IF;
    END IF;
  END LOOP;
END
$settings$;
