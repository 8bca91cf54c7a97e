-- PostgreSQL 14-18. User mappings. Options hold passwords: their values are compared where the role may see them, never shown.
select coalesce(m.usename, 'public') || ' on ' || quote_ident(m.srvname) as identity, null as "in", null as "of", (select string_agg(o, ', ' order by o) from unnest(m.umoptions) o) as "secret options" from pg_user_mappings m
