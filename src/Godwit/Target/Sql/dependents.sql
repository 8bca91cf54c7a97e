-- PostgreSQL 14 to 18. What DROP ... RESTRICT would refuse for, of several objects at once: $1 their kinds, $2 their names as DROP takes them. What hangs on them as a
-- part (an index, a column's default, a view's rule) goes along (PostgreSQL documentation, 53.18).
WITH RECURSIVE going AS (
  SELECT r.class::oid AS classid, r.id AS objid FROM unnest($1::text[], $2::text[]) AS d(kind, name), LATERAL (
    -- CASE: the name of a function is no name of a table, and asking for it as one is an error.
    SELECT 'pg_class'::regclass AS class, CASE WHEN d.kind IN ('TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE') THEN to_regclass(d.name)::oid END AS id
    UNION ALL SELECT 'pg_type'::regclass, CASE WHEN d.kind IN ('TYPE', 'DOMAIN') THEN to_regtype(d.name)::oid END
    UNION ALL SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE d.kind IN ('FUNCTION', 'PROCEDURE')
      AND format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) = d.name) r WHERE r.id IS NOT NULL
  UNION
  SELECT d.classid, d.objid FROM going g JOIN pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid WHERE d.deptype IN ('a', 'i', 'P', 'S') AND d.objsubid = 0
)
SELECT DISTINCT coalesce(pg_describe_object('pg_class'::regclass, (SELECT w.ev_class FROM pg_rewrite w WHERE d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid), 0),
    pg_describe_object(d.classid, d.objid, d.objsubid))
  FROM going g JOIN pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid
 WHERE d.deptype = 'n' AND NOT EXISTS (SELECT FROM going o WHERE o.classid = d.classid AND o.objid = d.objid)
   AND (d.classid IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_rewrite'::regclass)
     OR d.classid = 'pg_proc'::regclass AND EXISTS (SELECT FROM pg_proc p WHERE p.oid = d.objid AND p.prokind IN ('f', 'p')))
 ORDER BY 1
