-- PostgreSQL 14-18; columns and filters from 15 on.
select quote_ident(p.pubname) as identity, null as "in", null as "of", case when p.puballtables then 'all tables' else 'some tables' end as scope,
  concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end) as operations, case when p.pubviaroot then 'via root' end as root,
  (select string_agg(concat_ws(' ', quote_ident(t.schemaname) || '.' || quote_ident(t.tablename), to_jsonb(t) ->> 'attnames', to_jsonb(t) ->> 'rowfilter'), ', ' order by t.schemaname, t.tablename) from pg_publication_tables t where t.pubname = p.pubname and not p.puballtables) as tables,
  pg_get_userbyid(p.pubowner) as owner, obj_description(p.oid, 'pg_publication') as comment
from pg_publication p where own('pg_publication', p.oid)
