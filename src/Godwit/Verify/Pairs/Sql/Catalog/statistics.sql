-- PostgreSQL 14-18. Extended statistics.
select quote_ident(n.nspname) || '.' || quote_ident(s.stxname) as identity, n.nspname as "in", relation(s.stxrelid) as "of", pg_get_statisticsobjdef(s.oid) as def, pg_get_userbyid(s.stxowner) as owner, obj_description(s.oid, 'pg_statistic_ext') as comment
from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where user_schema(n.nspname)
