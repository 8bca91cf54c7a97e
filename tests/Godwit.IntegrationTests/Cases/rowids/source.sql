-- Sparse and negative rowids, keys that only look like one, sequences that are ahead of their tables.
create table sparse (id integer primary key, v text);
insert into sparse values (-9223372036854775808, 'first'), (-1, 'minus'), (0, 'zero'), (5, 'five'), (4611686018427387904, 'far');
create table full_up (id integer primary key, v text);
insert into full_up values (9223372036854775807, 'last');
create table ahead (id integer primary key autoincrement, v text);
insert into ahead values (1000, 'gone'), (7, 'here'); delete from ahead where id = 1000;
create table emptied (id integer primary key autoincrement);
insert into emptied values (41); delete from emptied;
create table fresh (id integer primary key autoincrement);
create table negative (id integer primary key);
insert into negative values (-5);
create table desc_key (id integer primary key desc, v text);
insert into desc_key values (1, 'not a rowid'), (null, 'truly');
create table int_key (id int primary key, v text);
insert into int_key values (3, 'x');
create table renamed (rowid text, oid integer, _rowid_ real);
insert into renamed values ('a', 1, 0.5);
