-- PostgreSQL 14 to 18. The third column reads the sequence's state; null where the role may not.
SELECT n.nspname::text, c.relname::text,
       CASE WHEN has_sequence_privilege(c.oid, 'SELECT') THEN format('SELECT %s, last_value, is_called FROM %I.%I', (row_number() OVER (ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C") - 1), n.nspname, c.relname) END,
       tn.nspname::text, t.relname::text, a.attname::text
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
  LEFT JOIN pg_class t ON t.oid = o.refobjid
  LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = o.refobjsubid
 WHERE c.relkind = 'S' AND c.relpersistence <> 't'
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'godwit', 'godwit_load')
   AND NOT EXISTS (SELECT FROM pg_depend e JOIN pg_extension x ON x.oid = e.refobjid WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e' AND NOT c.oid = ANY (coalesce(x.extconfig, '{}')))
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
