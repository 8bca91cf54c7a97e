-- PostgreSQL 14-18. Triggers.
select relation(c.oid) || '.' || quote_ident(t.tgname) as identity, n.nspname as "in", relation(c.oid) as "of", pg_get_triggerdef(t.oid) as def,
  case t.tgenabled when 'O' then 'enabled' when 'D' then 'disabled' when 'R' then 'replica' else 'always' end as enabled, resolved(t.tgqual) as calls, t.tgfoid::regprocedure::text as function, obj_description(t.oid, 'pg_trigger') as comment
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and t.tgname <> 'godwit_pair_fence' and t.tgname !~ '^!godwit_' and own('pg_trigger', t.oid) and own('pg_class', c.oid) and user_schema(n.nspname)
