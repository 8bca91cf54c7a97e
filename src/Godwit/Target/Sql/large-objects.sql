-- PostgreSQL 14 to 18. Rights of others than the owner, which has all of its own.
SELECT m.oid::int8, o.rolname::text, obj_description(m.oid, 'pg_largeobject'),
       ARRAY(SELECT coalesce(g.rolname::text, 'public') FROM aclexplode(m.lomacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE a.grantee <> m.lomowner ORDER BY a.grantee, a.privilege_type),
       ARRAY(SELECT a.privilege_type FROM aclexplode(m.lomacl) a WHERE a.grantee <> m.lomowner ORDER BY a.grantee, a.privilege_type),
       ARRAY(SELECT a.is_grantable FROM aclexplode(m.lomacl) a WHERE a.grantee <> m.lomowner ORDER BY a.grantee, a.privilege_type)
  FROM pg_largeobject_metadata m
  JOIN pg_roles o ON o.oid = m.lomowner
 ORDER BY m.oid
