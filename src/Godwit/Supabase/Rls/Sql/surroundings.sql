-- PostgreSQL 14 to 18. What of Supabase's surroundings is there, who asks, and functions that run with their owner's rights.
SELECT ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname IN ('anon', 'authenticated', 'service_role') ORDER BY rolname),
  to_regprocedure('auth.uid()') IS NOT NULL,
  current_user::text,
  COALESCE(ARRAY(SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND p.prosecdef
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') ORDER BY 1), '{}'),
  EXISTS (SELECT FROM pg_namespace WHERE nspname = $1),
  current_setting('server_version_num')::integer
