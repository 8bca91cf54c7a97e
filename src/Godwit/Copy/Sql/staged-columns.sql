-- PostgreSQL 14-18. The columns of $table as a table of their own takes them: without NOT NULL, and of what their domains are made of, whose checks would refuse a COPY as a whole.
with recursive below (number, type, modifier, kind, base, base_modifier) as (
  select a.attnum, a.atttypid, a.atttypmod, y.typtype, y.typbasetype, y.typtypmod from pg_attribute a join pg_type y on y.oid = a.atttypid where a.attrelid = $table::regclass and a.attnum > 0 and not a.attisdropped
  union all
  select b.number, b.base, b.base_modifier, y.typtype, y.typbasetype, y.typtypmod from below b join pg_type y on y.oid = b.base where b.kind = 'd'
)
select string_agg(concat(quote_ident(a.attname), ' ', format_type(b.type, b.modifier),
  (select format(' collate %I.%I', n.nspname, c.collname) from pg_collation c join pg_namespace n on n.oid = c.collnamespace where c.oid = a.attcollation),
  case when a.attgenerated <> '' then concat(' generated always as (', pg_get_expr(d.adbin, d.adrelid), case a.attgenerated when 's' then ') stored' else ') virtual' end) end), ', ' order by a.attnum)
from below b join pg_attribute a on a.attrelid = $table::regclass and a.attnum = b.number left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where b.kind <> 'd'
