-- PostgreSQL 14 to 18. Which materialized views must be filled before which, through ordinary views as well.
WITH RECURSIVE edge AS (
  SELECT DISTINCT r.ev_class AS reader, d.refobjid AS read
    FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
), reach AS (
  SELECT e.reader, e.read FROM edge e JOIN pg_class m ON m.oid = e.reader AND m.relkind = 'm'
  UNION
  SELECT r.reader, e.read FROM reach r JOIN edge e ON e.reader = r.read
)
SELECT n.nspname::text, c.relname::text, c.relispopulated,
       ARRAY(SELECT mn.nspname::text FROM reach r JOIN pg_class m ON m.oid = r.read AND m.relkind = 'm' JOIN pg_namespace mn ON mn.oid = m.relnamespace WHERE r.reader = c.oid ORDER BY m.oid),
       ARRAY(SELECT m.relname::text FROM reach r JOIN pg_class m ON m.oid = r.read AND m.relkind = 'm' WHERE r.reader = c.oid ORDER BY m.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'm'
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
