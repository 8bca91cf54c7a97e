-- PostgreSQL 14 to 18. The last column: the type's binary form means the same on every server. Those of pg_catalog that hold no oid of a
-- database's own and were not changed since 14; enums (sent as labels); what is sent as text is (citext); domains and arrays of these, but
-- arrays only of types with a fixed oid, because the binary form names it. xml is left out: its text form drops the declared encoding.
WITH RECURSIVE stable AS (
  SELECT t.oid, t.typnamespace = 'pg_catalog'::regnamespace AS fixed
    FROM pg_type t
   WHERE (t.typnamespace = 'pg_catalog'::regnamespace AND t.typname IN (
            'bool', 'bytea', 'char', 'name', 'int8', 'int2', 'int4', 'text', 'oid', 'tid', 'xid', 'cid', 'xid8', 'json', 'jsonb', 'jsonpath',
            'point', 'lseg', 'path', 'box', 'polygon', 'line', 'circle', 'float4', 'float8', 'money', 'macaddr', 'macaddr8', 'inet', 'cidr',
            'bpchar', 'varchar', 'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval', 'bit', 'varbit', 'numeric', 'uuid', 'pg_lsn',
            'tsvector', 'tsquery', 'int4range', 'int8range', 'numrange', 'tsrange', 'tstzrange', 'daterange',
            'int4multirange', 'int8multirange', 'nummultirange', 'tsmultirange', 'tstzmultirange', 'datemultirange'))
      OR t.typtype = 'e'
      OR (t.typtype = 'b' AND (SELECT p.prosrc FROM pg_proc p WHERE p.oid = t.typreceive) = 'textrecv' AND (SELECT p.prosrc FROM pg_proc p WHERE p.oid = t.typsend) = 'textsend')
  UNION
  SELECT t.oid, t.typnamespace = 'pg_catalog'::regnamespace
    FROM stable s JOIN pg_type t ON (t.typtype = 'd' AND t.typbasetype = s.oid) OR (s.fixed AND t.typelem = s.oid AND t.typsubscript = 'array_subscript_handler'::regproc)
)
SELECT a.attrelid::regclass::oid, n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated::text, a.attidentity::text,
       pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
       s.oid IS NOT NULL
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN (SELECT DISTINCT oid FROM stable) s ON s.oid = a.atttypid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'godwit', 'godwit_load')
 ORDER BY a.attrelid, a.attnum
