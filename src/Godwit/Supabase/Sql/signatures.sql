-- PostgreSQL 14 to 18. Functions of the schemas of $1: enough to make another of the same signature. The last column: every type is PostgreSQL's own.
select n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prokind::text, p.proretset,
       p.prorettype = 'trigger'::regtype,
       not exists (select from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype) a join pg_catalog.pg_type t on t.oid = a
                   where t.typnamespace <> 'pg_catalog'::regnamespace)
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = any ($1)
order by 1, 2, 3
