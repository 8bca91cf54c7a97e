-- Partial, expression, descending, covering, unique and redundant indexes.
create table t (id integer primary key, a text, b integer, c real, d datetime, j json);
insert into t values (1, 'x', 1, 0.5, '2024-01-01 00:00:00', '{"k": "v"}'), (2, 'y', 2, null, null, null), (3, 'y', 3, 1.5, '2024-01-02 00:00:00', '{}');
create index plain on t (a);
create index several on t (b desc, a asc);
create unique index partial on t (a) where b > 1 and b < 3;
create index expression on t (lower(a), b + 1);
create index by_json on t (json_extract(j, '$.k'));
create index by_day on t (date(d));
create unique index unique_expr on t (coalesce(a, '') || b);
create index if not exists again on t (a);
create index unusual on t (substr(a, 1, 2)) where c is not null;
create table long_key (k text primary key, v text);
insert into long_key values (hex(randomblob(1)) || hex(zeroblob(3000)), 'zeros are small'), ('b', hex(zeroblob(1000)));
create index long_v on long_key (v);
update long_key set k = 'a' || hex(zeroblob(3000)) where k <> 'b';
-- A key of 3,000 characters that do not repeat is more than an index row can hold.
create table longest (k text unique, i text);
with recursive n(i, x) as (select 1, 12345 union all select i + 1, (x * 1103515245 + 12345) % 2147483648 from n where i < 3000)
insert into longest select group_concat(char(33 + (x / 65536) % 90), ''), 'i' from n;
create index longest_i on longest (k, i);
