-- Schemas and the extensions inside "extensions". The database belongs to the project's admin, who is not a superuser.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), '{admin}'); END $$;
DO $$ BEGIN EXECUTE format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I TO supabase_auth_admin, supabase_storage_admin, supabase_functions_admin, dashboard_user', current_database()); END $$;

CREATE SCHEMA IF NOT EXISTS extensions AUTHORIZATION "{admin}";
CREATE SCHEMA auth AUTHORIZATION supabase_admin;
CREATE SCHEMA storage AUTHORIZATION supabase_admin;
CREATE SCHEMA realtime AUTHORIZATION supabase_admin;
CREATE SCHEMA _realtime AUTHORIZATION supabase_admin;
CREATE SCHEMA vault AUTHORIZATION supabase_admin;
CREATE SCHEMA pgsodium AUTHORIZATION supabase_admin;
CREATE SCHEMA net AUTHORIZATION supabase_admin;
CREATE SCHEMA cron AUTHORIZATION supabase_admin;
CREATE SCHEMA graphql AUTHORIZATION supabase_admin;
CREATE SCHEMA graphql_public AUTHORIZATION supabase_admin;
CREATE SCHEMA supabase_functions AUTHORIZATION supabase_admin;
CREATE SCHEMA supabase_migrations AUTHORIZATION "{admin}";
CREATE SCHEMA pgbouncer AUTHORIZATION pgbouncer;

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['uuid-ossp', 'pgcrypto', 'citext', 'unaccent', 'pg_trgm', 'btree_gist', 'pg_stat_statements'] LOOP
    IF EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = wanted) THEN
      EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA extensions', wanted);
    END IF;
  END LOOP;
END
$$;
