-- PostgreSQL 14-18. FROM clause: each refused row with the columns and the words of its constraint (r.id, r.columns, r.reason), spelt as where rows are set aside later.
(select a.id,
  coalesce((select string_agg(x.attname, ', ' order by u.i) from unnest(k.conkey) with ordinality u(n, i) join pg_attribute x on x.attrelid = k.conrelid and x.attnum = u.n),
    -- A unique index that is no constraint.
    (select string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ' order by n) from pg_index i join pg_class c on c.oid = i.indexrelid cross join generate_series(1, i.indnkeyatts) n
      where i.indrelid = to_regclass(a.relation) and c.relname = a.name), a.column_name, '') as columns,
  case when a.state = '23502' and a.column_name <> '' then concat('NOT NULL ', a.column_name)
    when a.name = '' then a.message
    when a.state = '23505' then concat('unique key ', a.name, ': another row with its values stays')
    when a.state = '23514' then concat('check ', a.name)
    when a.state = '23P01' then concat('exclusion ', a.name, ': a row that it conflicts with stays')
    when a.state = '23503' then concat('foreign key ', a.name, ': ' || format('%I.%I', pn.nspname, p.relname) || ' has no such row')
    else a.message end as reason
from pg_temp.godwit_refused a
left join pg_constraint k on a.name <> '' and a.state <> '23502' and k.conname = a.name and k.conrelid = to_regclass(a.relation)
left join pg_class p on p.oid = k.confrelid left join pg_namespace pn on pn.oid = p.relnamespace) r
