-- PostgreSQL 14 to 18. Foreign servers. Options may hold secrets: only their names and the host are read.
select s.srvname, w.fdwname,
       (select string_agg(split_part(o, '=', 1), ',') from unnest(s.srvoptions) o),
       (select substr(o, strpos(o, '=') + 1) from unnest(s.srvoptions) o where split_part(o, '=', 1) in ('host', 'hostaddr') limit 1),
       (select count(*) from pg_catalog.pg_foreign_table t where t.ftserver = s.oid),
       (select string_agg(coalesce(nullif(m.usename, ''), 'public'), ',' order by m.usename) from pg_catalog.pg_user_mappings m where m.srvid = s.oid),
       (select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
        where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
          and ((d.classid = 'pg_foreign_data_wrapper'::regclass and d.objid = w.oid) or (d.classid = 'pg_proc'::regclass and d.objid = w.fdwhandler)) limit 1)
from pg_catalog.pg_foreign_server s join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw
order by s.srvname collate "C"
