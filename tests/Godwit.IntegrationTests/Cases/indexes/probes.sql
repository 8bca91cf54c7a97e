insert into t (id, a, b) values (10, 'y', 2)
insert into t (id, a, b) values (11, 'y', 9)
insert into t (id, a, b) values (12, 'y', 3)
insert into t (id, a, b) values (13, 'x', 1)
