-- PostgreSQL 14-18. Collations of one's own; the locale's column changed its name twice.
select quote_ident(n.nspname) || '.' || quote_ident(c.collname) as identity, n.nspname as "in", null as "of", c.collprovider::text as provider, case when c.collisdeterministic then 'deterministic' else 'not deterministic' end as equality,
  coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', c.collcollate::text) as locale, pg_get_userbyid(c.collowner) as owner
from pg_collation c join pg_namespace n on n.oid = c.collnamespace where own('pg_collation', c.oid) and user_schema(n.nspname)
