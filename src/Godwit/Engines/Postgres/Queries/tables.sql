-- PostgreSQL 14 to 18. Tables whose rows are copied (ordinary ones, leaves of partition trees, an extension's tables of settings) and the
-- partitioned ones above them.
SELECT n.nspname::text, c.relname::text, c.relkind::text, am.amname::text,
       CASE WHEN c.relkind = 'r' THEN pg_relation_size(c.oid) / current_setting('block_size')::int8 ELSE 0 END,
       CASE WHEN c.relkind = 'r' THEN pg_table_size(c.oid) ELSE 0 END,
       c.reltuples::float8,
       (SELECT pn.nspname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid ORDER BY i.inhseqno LIMIT 1),
       (SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid ORDER BY i.inhseqno LIMIT 1),
       root.nspname, root.relname,
       c.relpersistence = 'u', c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text,
       e.extname::text,
       CASE WHEN e.oid IS NOT NULL THEN e.extcondition[array_position(e.extconfig, c.oid)] END,
       obj_description(c.oid, 'pg_class'),
       has_table_privilege(c.oid, 'SELECT'),
       pg_relation_filenode(c.oid)::text
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_am am ON am.oid = c.relam
  LEFT JOIN pg_depend de ON de.classid = 'pg_class'::regclass AND de.objid = c.oid AND de.objsubid = 0 AND de.deptype = 'e'
  LEFT JOIN pg_extension e ON e.oid = de.refobjid
  -- Hash values of a type that the database made (an enum: its oid) differ from server to server: those rows go in at the root.
  LEFT JOIN LATERAL (
       SELECT rn.nspname::text, r.relname::text
         FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE c.relispartition AND c.relkind = 'r' AND r.oid = pg_partition_root(c.oid)
          AND EXISTS (SELECT FROM pg_partition_ancestors(c.oid) a(oid) JOIN pg_partitioned_table p ON p.partrelid = a.oid, unnest(p.partattrs) k(attnum)
                       WHERE p.partstrat = 'h'
                         AND (k.attnum = 0 OR EXISTS (SELECT FROM pg_attribute t JOIN pg_type y ON y.oid = t.atttypid
                                                       WHERE t.attrelid = p.partrelid AND t.attnum = k.attnum AND y.typnamespace <> 'pg_catalog'::regnamespace)))) root ON true
 WHERE c.relkind IN ('r', 'p')
   AND c.relpersistence <> 't'
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'godwit', 'godwit_load')
   AND (e.oid IS NULL OR c.oid = ANY (e.extconfig))
 ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
