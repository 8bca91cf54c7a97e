-- PostgreSQL 14 to 18. Primary keys, unique constraints and foreign keys of one schema's tables. A foreign key's columns stand in its own order.
SELECT c.relname, k.contype::text,
  ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY x (n, i) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n ORDER BY x.i),
  COALESCE(r.relname, ''),
  COALESCE(ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY x (n, i) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n ORDER BY x.i), '{}')
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class r ON r.oid = k.confrelid
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND k.contype IN ('p', 'u', 'f') AND k.conparentid = 0
  AND (r.oid IS NULL OR r.relnamespace = c.relnamespace)
ORDER BY c.relname, k.contype, k.conname
