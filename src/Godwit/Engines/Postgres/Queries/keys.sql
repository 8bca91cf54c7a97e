-- PostgreSQL 14 to 18. Primary and other unique keys made of whole columns without a condition, that are valid.
SELECT n.nspname::text, c.relname::text, i.relname::text, x.indisprimary,
       ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY k(attnum, nr) JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
              WHERE k.nr <= x.indnkeyatts ORDER BY k.nr)
  FROM pg_index x
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL AND x.indimmediate AND c.relkind IN ('r', 'p')
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'godwit', 'godwit_load')
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", NOT x.indisprimary, i.relname COLLATE "C"
