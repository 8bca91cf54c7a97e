-- Tables of SQLite's own.
create table t (id integer primary key autoincrement, v text);
insert into t (v) values ('a'), ('b');
create index t_v on t (v);
analyze;
create table without_rows (id integer primary key);
