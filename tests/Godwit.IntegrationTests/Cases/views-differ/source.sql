-- Where a translated view yields other rows than the source's, or cannot be read: named by the verification, never passed over.
create table t (id integer primary key, n integer, s text, j text, b blob);
insert into t values (1, 9223372036854775807, 'x', '{"a":1}', x'31'), (2, 2, 'é', null, '2'), (3, null, null, 'no json', 3);
create view sum_overflows as select id, n + 1 as m from t;
create view product_overflows as select n * 3 as m from t where id < 3;
create view negated as select -n as m from t;
create view json as select id, json_valid(j) as ok, json_extract(case when json_valid(j) then j end, '$.a') as a from t;
create view broken_json as select json_extract(j, '$.a') as a from t where j is not null;
create view bytes as select id, b || 'x' as c, length(b) as l, typeof(b) as k from t;
create view upper_e as select upper(s) as u, s like 'É' as l from t;
