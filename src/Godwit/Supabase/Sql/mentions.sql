-- PostgreSQL 14 to 18. Functions outside of the schemas of $1 whose text calls or reads something in one of them ("net.http_post"); $2 is the pattern that finds it.
select n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), m.found
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join lateral (
    select distinct lower(f[1]) || '.' || lower(f[2]) as found
    from regexp_matches(regexp_replace(p.prosrc, '--[^\n]*', '', 'g'), $2, 'gi') f
) m
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not n.nspname = any ($1)
  and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
order by 1, 2, 3, 4
