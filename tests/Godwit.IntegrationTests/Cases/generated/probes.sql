insert into t (id, a, s, at, j) values (10, 7, 'new', '2024-03-01 01:02:03', '{"k":true}')
update t set a = 8 where id = 2
