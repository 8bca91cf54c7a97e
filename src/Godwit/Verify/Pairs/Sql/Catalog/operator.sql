-- PostgreSQL 14-18. Operators of one's own.
select o.oid::regoperator::text as identity, n.nspname as "in", null as "of", format_type(o.oprresult, null) as result, o.oprcode::text as function, nullif(o.oprcom, 0)::regoperator::text as commutator, nullif(o.oprnegate, 0)::regoperator::text as negator,
  concat_ws(', ', o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash) as estimates, pg_get_userbyid(o.oprowner) as owner
from pg_operator o join pg_namespace n on n.oid = o.oprnamespace where own('pg_operator', o.oid) and user_schema(n.nspname)
