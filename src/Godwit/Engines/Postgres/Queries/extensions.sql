-- PostgreSQL 14 to 18.
SELECT e.extname::text, e.extversion, n.nspname::text
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 ORDER BY e.extname COLLATE "C"
