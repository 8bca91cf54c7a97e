-- PostgreSQL 14-18. Foreign servers. Options may hold secrets: their values are compared, never shown.
select quote_ident(s.srvname) as identity, null as "in", null as "of", f.fdwname as wrapper, s.srvtype as type, s.srvversion as version, (select string_agg(o, ', ' order by o) from unnest(s.srvoptions) o) as "secret options", pg_get_userbyid(s.srvowner) as owner, acl(s.srvacl, 'S', s.srvowner) as acl
from pg_foreign_server s join pg_foreign_data_wrapper f on f.oid = s.srvfdw where own('pg_foreign_server', s.oid)
