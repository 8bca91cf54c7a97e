-- PostgreSQL 14 to 18. Foreign keys of partitioned tables: before version 18 such a table takes one whole or not at all. A query each that finds one orphan.
select n.nspname || '.' || c.relname, k.conname,
  format('select exists (select from %s as c where %s and not exists (select from %s as p where %s))', c.oid::regclass,
    (select string_agg(format('c.%I is not null', a.attname), ' and ') from unnest(k.conkey) u(n) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.n),
    k.confrelid::regclass,
    (select string_agg(format('p.%I = c.%I', p.attname, a.attname), ' and ') from unnest(k.conkey, k.confkey) u(n, m) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.n join pg_attribute p on p.attrelid = k.confrelid and p.attnum = u.m))
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
where k.contype = 'f' and c.relkind = 'p' and k.conparentid = 0
order by 1, 2
