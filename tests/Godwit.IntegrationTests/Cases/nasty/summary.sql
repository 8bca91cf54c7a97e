-- What two servers of different versions say alike of a database. One column, one line a fact.
SELECT 'relation ' || c.oid::regclass || ' ' || concat(c.relkind, c.relpersistence, ' ', c.relrowsecurity, c.relforcerowsecurity, c.relreplident) || ' ' || pg_get_userbyid(c.relowner) || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'godwit') AND c.relkind <> 't'
UNION ALL SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || concat(a.attnotnull, a.attidentity, a.attgenerated) || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || coalesce(a.attacl::text, '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'godwit')
UNION ALL SELECT 'constraint ' || k.conrelid::regclass || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE k.conrelid <> 0 AND k.contype IN ('p', 'u', 'f', 'c', 'x') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'godwit')
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'godwit')
UNION ALL SELECT 'trigger ' || concat(pg_get_triggerdef(t.oid), t.tgenabled) FROM pg_trigger t WHERE NOT t.tgisinternal
UNION ALL SELECT 'policy ' || p::text FROM pg_policies p
UNION ALL SELECT 'function ' || p.oid::regprocedure || ' ' || concat(p.prosecdef, p.provolatile) || ' ' || pg_get_userbyid(p.proowner) || ' ' || p.prosrc || ' ' || coalesce(p.proacl::text, '') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'godwit') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL SELECT 'sequence ' || schemaname || '.' || sequencename || ' ' || coalesce(last_value::text, '-') || ' ' || increment_by FROM pg_sequences WHERE schemaname <> 'godwit'
UNION ALL SELECT 'large object ' || oid || ' ' || md5(lo_get(oid)) || ' ' || pg_get_userbyid(lomowner) FROM pg_largeobject_metadata
UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
-- Which generated columns are published is a matter of the version.
UNION ALL SELECT concat_ws(' ', 'publication', pubname, schemaname, tablename, rowfilter) FROM pg_publication_tables
