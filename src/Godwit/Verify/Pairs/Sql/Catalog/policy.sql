-- PostgreSQL 14-18. Row security policies.
select relation(c.oid) || '.' || quote_ident(p.polname) as identity, n.nspname as "in", relation(c.oid) as "of", case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end as command,
  case when p.polpermissive then 'permissive' else 'restrictive' end as kind, (select string_agg(case r when 0 then 'PUBLIC' else pg_get_userbyid(r) end, '; ') from unnest(p.polroles) r) as roles,
  pg_get_expr(p.polqual, p.polrelid) as "using", pg_get_expr(p.polwithcheck, p.polrelid) as "with check", concat_ws('; ', resolved(p.polqual), resolved(p.polwithcheck)) as calls, obj_description(p.oid, 'pg_policy') as comment
from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
where user_schema(n.nspname)
