-- Every action on delete and update, deferrable keys, tables that need each other.
create table p (id integer primary key, k integer unique);
insert into p values (1, 10), (2, 20), (3, 30), (4, 40), (5, 50), (6, 60);
create table c_cascade (id integer primary key, p integer references p (id) on delete cascade on update cascade);
create table c_null (id integer primary key, p integer references p (id) on delete set null on update set null);
create table c_default (id integer primary key, p integer default 6 references p (id) on delete set default on update set default);
create table c_restrict (id integer primary key, p integer references p (id) on delete restrict on update restrict);
create table c_none (id integer primary key, p integer references p (id) on delete no action);
create table c_match (id integer primary key, p integer references p (k) match full on update cascade);
insert into c_cascade values (1, 1); insert into c_null values (1, 2); insert into c_default values (1, 3); insert into c_restrict values (1, 4); insert into c_none values (1, 5); insert into c_match values (1, 10), (2, 20);
create table husband (id integer primary key, wife integer references wife (id) deferrable initially deferred);
create table wife (id integer primary key, husband integer not null references husband (id) deferrable initially deferred);
insert into husband values (1, 1); insert into wife values (1, 1);
create table later (id integer primary key, p integer references p (id) deferrable initially immediate);
create table never (id integer primary key, p integer references p (id) not deferrable initially deferred);
insert into later values (1, 6); insert into never values (1, 6);
