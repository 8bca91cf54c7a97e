-- PostgreSQL 14 to 18. ALTER DATABASE SET of this database, ALTER ROLE SET, and both together.
SELECT r.rolname::text, s.setdatabase <> 0, split_part(c, '=', 1), substr(c, length(split_part(c, '=', 1)) + 2)
  FROM pg_db_role_setting s
  LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) WITH ORDINALITY u(c, nr)
 WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
 ORDER BY s.setdatabase <> 0, r.rolname COLLATE "C" NULLS FIRST, u.nr
