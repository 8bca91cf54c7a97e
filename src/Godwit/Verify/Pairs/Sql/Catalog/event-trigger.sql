-- PostgreSQL 14-18. Event triggers.
select quote_ident(e.evtname) as identity, null as "in", null as "of", e.evtevent as event, array_to_string(e.evttags, ', ') as tags, e.evtenabled::text as enabled, e.evtfoid::regprocedure::text as function, pg_get_userbyid(e.evtowner) as owner, obj_description(e.oid, 'pg_event_trigger') as comment
from pg_event_trigger e where own('pg_event_trigger', e.oid)
