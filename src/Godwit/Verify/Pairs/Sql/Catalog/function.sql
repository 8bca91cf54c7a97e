-- PostgreSQL 14-18. Functions, procedures, window functions and aggregates.
select p.oid::regprocedure::text as identity, n.nspname as "in", null as "of", p.prokind::text as kind, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as returns, l.lanname as language,
  coalesce(nullif(p.prosrc, ''), '') || coalesce(' ' || p.probin, '') as body, pg_get_function_sqlbody(p.oid) as "parsed body", resolved(p.prosqlbody) as calls,
  case when p.prosecdef then 'definer' else 'invoker' end as security, (select string_agg(s, chr(10) order by s) from unnest(p.proconfig) s) as settings,
  p.provolatile::text as volatile, case when p.proisstrict then 'strict' end as strict, p.proparallel::text as parallel, case when p.proleakproof then 'leakproof' end as leakproof,
  p.procost || ', ' || p.prorows as cost, nullif(p.prosupport::text, '-') as support,
  (select concat_ws(', ', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn, a.aggkind, a.aggnumdirectargs, format_type(a.aggtranstype, null), a.aggtransspace, coalesce(a.agginitval, 'null'), nullif(a.aggsortop, 0)::regoperator)
    from pg_aggregate a where a.aggfnoid = p.oid) as aggregate,
  pg_get_userbyid(p.proowner) as owner, acl(p.proacl, 'f', p.proowner) as acl, obj_description(p.oid, 'pg_proc') as comment
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
where own('pg_proc', p.oid) and user_schema(n.nspname) and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
