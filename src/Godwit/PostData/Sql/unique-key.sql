-- PostgreSQL 14-18. What the unique or excluding index of the table $1 asks for: its terms, its predicate, and whether two NULLs are one.
select array(select '(' || pg_get_indexdef(i.indexrelid, n, false) || ')' || coalesce((select ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(c.collname) from pg_collation c join pg_namespace cn on cn.oid = c.collnamespace where c.oid = i.indcollation[n - 1]), '')
    from generate_series(1, i.indnkeyatts) n order by n),
  pg_get_expr(i.indpred, i.indrelid), coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'true'
from pg_index i where i.indrelid = $1::regclass and (i.indisunique or i.indisexclusion)
