-- PostgreSQL 14 to 18. Publications and their tables; column lists and row filters came with 15. A publication without tables is one row.
select p.pubname, pg_get_userbyid(p.pubowner), p.puballtables, t.schemaname, t.tablename,
       to_jsonb(t) ->> 'rowfilter',
       (p.pubupdate or p.pubdelete) and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and (i.indisprimary or (c.relreplident = 'i' and i.indisreplident)))
         and c.relreplident not in ('f', 'n')
from pg_catalog.pg_publication p
left join pg_catalog.pg_publication_tables t on t.pubname = p.pubname
left join pg_catalog.pg_class c on c.oid = to_regclass(quote_ident(t.schemaname) || '.' || quote_ident(t.tablename))
order by p.pubname collate "C", t.schemaname collate "C", t.tablename collate "C"
