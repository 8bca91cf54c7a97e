-- PostgreSQL 14 to 18. Triggers of the tables outside of the schemas of $1, and the function that each runs.
select n.nspname, c.relname, t.tgname, f.nspname, p.proname, t.tgenabled::text
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace f on f.oid = p.pronamespace
where not t.tgisinternal and t.tgparentid = 0 and not n.nspname = any ($1)
order by 1, 2, 3
