-- PostgreSQL 14 to 18. Tables and views of one schema, with what row-level security depends on.
SELECT c.relname, c.relkind::text, o.rolname, o.rolsuper OR o.rolbypassrls, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.reltuples::bigint,
  COALESCE(ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY p.polname), '{}'),
  COALESCE(ARRAY(SELECT DISTINCT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = c.oid AND i.indpred IS NULL AND i.indisvalid), '{}'),
  COALESCE(ARRAY(SELECT s.relname::text FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype = 'a' AND s.relnamespace = c.relnamespace ORDER BY s.relname), '{}'),
  COALESCE('security_invoker=true' = ANY (c.reloptions) OR 'security_invoker=on' = ANY (c.reloptions), false)
FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname
