-- flags: --on-misfit fail
-- The policy "fail" blocks before anything is made.
create table t (id integer primary key, n integer);
insert into t values (1, 1), (2, 'many');
