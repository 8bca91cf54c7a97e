-- NULL in a primary key, which SQLite allows where the key is not INTEGER; duplicates in tables without a key.
create table holes (k text primary key, v integer);
insert into holes values ('a', 1), (null, 2), (null, 3);
create table composite (a integer, b text, primary key (a, b));
insert into composite values (1, 'x'), (1, null), (1, null);
create table declared (k text not null primary key);
insert into declared values ('a');
create table int_key (k int primary key, v text);
insert into int_key values (1, 'a'), (null, 'b');
create table bag (a integer, b text);
insert into bag values (1, 'x'), (1, 'x'), (1, 'x'), (null, null), (null, null);
create table one (x);
insert into one values (null);
