-- PostgreSQL 14-18. Tables with rows that are to be set aside, and their columns.
select a.rel, n.nspname::text, c.relname::text, a.rows, array(select t.attname::text from pg_attribute t where t.attrelid = a.rel and t.attnum > 0 and not t.attisdropped order by t.attnum)
from (select rel, count(*) as rows from pg_temp.godwit_aside group by rel) a join pg_class c on c.oid = a.rel join pg_namespace n on n.oid = c.relnamespace order by 2, 3
