-- What the API's roles may do in "public": everything. Row-level security is what protects the rows.
GRANT USAGE ON SCHEMA public TO "{admin}", anon, authenticated, service_role;
GRANT ALL ON SCHEMA public TO "{admin}";
GRANT USAGE ON SCHEMA extensions TO "{admin}", anon, authenticated, service_role;
GRANT ALL ON SCHEMA extensions TO dashboard_user;
ALTER DEFAULT PRIVILEGES FOR ROLE "{admin}" IN SCHEMA public GRANT ALL ON TABLES TO "{admin}", anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE "{admin}" IN SCHEMA public GRANT ALL ON FUNCTIONS TO "{admin}", anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE "{admin}" IN SCHEMA public GRANT ALL ON SEQUENCES TO "{admin}", anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON TABLES TO "{admin}", anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON FUNCTIONS TO "{admin}", anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON SEQUENCES TO "{admin}", anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA extensions GRANT ALL ON TABLES TO "{admin}" WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA extensions GRANT ALL ON FUNCTIONS TO "{admin}" WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA graphql_public GRANT ALL ON FUNCTIONS TO "{admin}", anon, authenticated, service_role;
