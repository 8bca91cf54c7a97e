-- PostgreSQL 14-18. User mappings. Options hold passwords: their values are compared where the role may see them, never shown.
select coalesce(m.usename, 'public') || ' on ' || quote_ident(m.srvname) as identity, null as "in", null as "of", array_to_string(m.umoptions, ', ') as "secret options" from pg_user_mappings m
