-- PostgreSQL 14 to 18. Foreign keys of a target's own tables that stand for themselves (those of partitions follow their table's), with all tables that are parts of the child and of the parent.
SELECT cn.nspname::text, c.relname::text, k.conname::text, pg_get_constraintdef(k.oid), pg_has_role(c.relowner, 'USAGE') AS may_alter, c.relkind = 'p' AS is_tree, p.relkind = 'p' AS to_tree,
  cs.schemas, cs.names, ps.schemas, ps.names
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace JOIN pg_class p ON p.oid = k.confrelid
CROSS JOIN LATERAL (SELECT array_agg(n.nspname::text) AS schemas, array_agg(r.relname::text) AS names
  FROM (SELECT k.conrelid AS id UNION SELECT relid FROM pg_partition_tree(k.conrelid)) t JOIN pg_class r ON r.oid = t.id JOIN pg_namespace n ON n.oid = r.relnamespace) cs
CROSS JOIN LATERAL (SELECT array_agg(n.nspname::text) AS schemas, array_agg(r.relname::text) AS names
  FROM (SELECT k.confrelid AS id UNION SELECT relid FROM pg_partition_tree(k.confrelid)) t JOIN pg_class r ON r.oid = t.id JOIN pg_namespace n ON n.oid = r.relnamespace) ps
WHERE k.contype = 'f' AND k.conparentid = 0 AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
ORDER BY 1, 2, 3
