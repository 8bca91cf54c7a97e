-- PostgreSQL 14-18. Casts of one's own.
select format_type(k.castsource, null) || ' to ' || format_type(k.casttarget, null) as identity, null as "in", null as "of", case when k.castfunc <> 0 then k.castfunc::regprocedure::text end as function, k.castcontext::text as context, k.castmethod::text as method
from pg_cast k where k.oid >= 16384 and own('pg_cast', k.oid)
