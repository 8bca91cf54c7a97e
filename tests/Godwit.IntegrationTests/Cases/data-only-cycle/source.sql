-- flags: --data-only
-- Tables that need each other, and rows that need later rows, where the target's keys are not deferrable.
create table a (id integer primary key, b_id integer references b (id));
create table b (id integer primary key, a_id integer references a (id));
create table node (id integer primary key, up integer references node (id));
insert into a values (1, 1), (2, 2); insert into b values (1, 1), (2, 1);
insert into node values (1, 3), (2, 1), (3, null);
