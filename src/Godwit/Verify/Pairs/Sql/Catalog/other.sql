-- PostgreSQL 14-18. What is rare, by its identity alone.
select o.type || ' ' || o.identity as identity, o.schema as "in", null as "of"
from (
  select 'pg_language'::regclass as class, oid from pg_language where oid >= 16384 union all select 'pg_ts_config'::regclass, oid from pg_ts_config where oid >= 16384 union all select 'pg_ts_dict'::regclass, oid from pg_ts_dict where oid >= 16384
  union all select 'pg_ts_parser'::regclass, oid from pg_ts_parser where oid >= 16384 union all select 'pg_ts_template'::regclass, oid from pg_ts_template where oid >= 16384 union all select 'pg_conversion'::regclass, oid from pg_conversion where oid >= 16384
  union all select 'pg_transform'::regclass, oid from pg_transform where oid >= 16384 union all select 'pg_am'::regclass, oid from pg_am where oid >= 16384 union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper where oid >= 16384
) x, pg_identify_object(x.class, x.oid, 0) o
where not exists (select from pg_depend d where d.classid = x.class and d.objid = x.oid and d.deptype = 'e')
