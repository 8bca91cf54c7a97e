-- PostgreSQL 14-18. PostgreSQL's own names first, as before; then what this database's sessions have, then the schemas of extensions.
select set_config('search_path', concat_ws(', ', 'pg_catalog', nullif((select reset_val from pg_settings where name = 'search_path'), ''),
  (select string_agg(distinct quote_ident(n.nspname), ', ') from pg_extension e join pg_namespace n on n.oid = e.extnamespace where n.nspname <> 'pg_catalog')), true)
