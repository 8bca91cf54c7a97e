-- PostgreSQL 14 to 18. The user's triggers that fire for rows that come in. $1: as under session_replication_role = replica. pg_trigger.h: TRIGGER_TYPE_INSERT is 4.
SELECT n.nspname::text, c.relname::text, t.tgname::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgtype & 4 <> 0 AND t.tgenabled IN ('A', CASE WHEN $1 THEN 'R' ELSE 'O' END) AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2, 3
