-- PostgreSQL 14 to 18. What belongs to an extension is none of the user's.
WITH own_relations AS (
  SELECT n.nspname::text AS s, c.relname::text AS r FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'godwit', 'godwit_load')
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), own_types AS (
  SELECT n.nspname::text AS s, t.typname::text AS r FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'c', 'r') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'godwit', 'godwit_load')
     AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
), indexes AS (
  SELECT n.nspname::text AS s, c.relname::text AS r FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('i', 'I') AND n.nspname NOT LIKE 'pg\_%'
)
SELECT ARRAY(SELECT rolname::text FROM pg_roles ORDER BY 1),
       ARRAY(SELECT rolname::text FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER') ORDER BY 1),
       ARRAY(SELECT spcname::text FROM pg_tablespace ORDER BY 1),
       ARRAY(SELECT amname::text FROM pg_am WHERE amtype = 't' ORDER BY 1),
       ARRAY(SELECT nspname::text FROM pg_namespace ORDER BY 1),
       ARRAY(SELECT s FROM own_relations ORDER BY s, r), ARRAY(SELECT r FROM own_relations ORDER BY s, r),
       ARRAY(SELECT s FROM own_types ORDER BY s, r), ARRAY(SELECT r FROM own_types ORDER BY s, r),
       ARRAY(SELECT name::text FROM pg_available_extensions ORDER BY name), ARRAY(SELECT coalesce(default_version, '') FROM pg_available_extensions ORDER BY name),
       ARRAY(SELECT extname::text FROM pg_extension ORDER BY extname), ARRAY(SELECT extversion FROM pg_extension ORDER BY extname),
       ARRAY(SELECT s FROM indexes ORDER BY s, r), ARRAY(SELECT r FROM indexes ORDER BY s, r),
       -- format_aggregate_signature of pg_dump.c: count(*).
       ARRAY(SELECT n.nspname || '.' || p.proname || '(' || CASE WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*' ELSE oidvectortypes(p.proargtypes) END || ')' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' ORDER BY 1)
