-- flags: --on-misfit quarantine
-- The same hazards with rows set aside: whole, in godwit.quarantine.
create table t (id integer primary key, s text, n integer, d date);
insert into t values (1, 'good', 1, '2024-01-01'), (2, cast(x'ff' as text), 2, '2024-01-02'), (3, 'a' || char(0), 3, '2024-01-03'), (4, 'x', 'many', '2024-01-04'), (5, 'y', 5, '2024-02-30'), (6, null, null, null);
