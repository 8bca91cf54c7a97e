-- PostgreSQL 14-18. Security labels.
select s.objtype || ' ' || s.objname || ' for ' || s.provider as identity, null as "in", null as "of", s.label as label from pg_seclabels s
