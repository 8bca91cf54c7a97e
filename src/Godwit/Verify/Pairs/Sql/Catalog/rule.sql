-- PostgreSQL 14-18. Rules other than those that make views.
select relation(c.oid) || '.' || quote_ident(r.rulename) as identity, n.nspname as "in", relation(c.oid) as "of", pg_get_ruledef(r.oid) as def, r.ev_enabled::text as enabled, concat_ws('; ', resolved(r.ev_qual), resolved(r.ev_action)) as calls,
  obj_description(r.oid, 'pg_rewrite') as comment
from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
where r.rulename <> '_RETURN' and own('pg_class', c.oid) and user_schema(n.nspname)
