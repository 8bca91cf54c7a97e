-- PostgreSQL 14 to 18. Relations of a schema ($1) that belong to an extension, and indexes and sequences of tables other than those named ($2).
WITH relations AS (
    SELECT c.relname::text AS name, c.relkind, coalesce(i.indrelid, s.refobjid, c.oid) AS root
      FROM pg_class c
      LEFT JOIN pg_index i ON i.indexrelid = c.oid
      LEFT JOIN pg_depend s ON s.classid = 'pg_class'::regclass AND s.objid = c.oid AND c.relkind = 'S' AND s.refclassid = 'pg_class'::regclass AND s.deptype IN ('a', 'i')
     WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1))
SELECT r.name
  FROM relations r JOIN pg_class t ON t.oid = r.root
 WHERE EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.root AND d.deptype = 'e')
    OR r.relkind IN ('i', 'I', 'S') AND t.relname <> ALL ($2)
 ORDER BY r.name
