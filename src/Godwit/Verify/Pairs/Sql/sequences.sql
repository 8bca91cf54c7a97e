-- PostgreSQL 14-18. Sequences whose state may be read, of no extension.
select n.nspname, c.relname, has_sequence_privilege(c.oid, 'SELECT') as readable
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2
