-- PostgreSQL 14-18. Views and materialized views.
select relation(c.oid) as identity, n.nspname as "in", null as "of", case c.relkind when 'v' then 'view' else 'materialized view' end as kind, pg_get_viewdef(c.oid) as def, resolved(r.ev_action) as calls,
  (select string_agg(o, ', ' order by o) from unnest(c.reloptions) o) as options, case when c.relkind = 'm' then case when c.relispopulated then 'filled' else 'never filled' end end as content,
  pg_get_userbyid(c.relowner) as owner, acl(c.relacl, 'r', c.relowner) as acl, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relkind in ('v', 'm') and c.relpersistence <> 't' and own('pg_class', c.oid) and user_schema(n.nspname)
