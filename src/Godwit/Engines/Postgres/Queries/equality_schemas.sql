-- PostgreSQL 14 to 18.
SELECT DISTINCT n.nspname::text
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
 WHERE o.oprname = '=' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 1
