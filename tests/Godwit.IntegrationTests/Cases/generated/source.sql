-- VIRTUAL and STORED generated columns; built on others; one that PostgreSQL cannot compute.
create table t (id integer primary key, a integer, b integer as (a + 1), c integer generated always as (b * 2) stored, up text as (upper(s)), s text, len integer as (length(s)) virtual, day date as (date(at)), at datetime, full text as (s || ' ' || a), k text as (json_extract(j, '$.k')), j text);
insert into t (id, a, s, at, j) values (1, 1, 'x', '2024-01-01 10:00:00', '{"k":5}'), (2, null, null, null, null), (3, -5, 'éa', '2024-02-29 00:00:00', '{"k":"v"}');
create index t_k on t (k);
create table overflow (id integer primary key, a integer, d as (a * 2));
insert into overflow (id, a) values (1, 9223372036854775807), (2, 1);
