insert into item (id, name, qty) values (10, 'c', 3), (11, 'd', 200)
insert into item (id, name, qty) values (12, 'minus', -3)
update item set qty = qty + 1 where id < 10
update item set name = 'z' where id = 1
update item set qty = qty
delete from item where id = 11
delete from item where id = 10
insert into few (id, name) values (20, 'view')
update few set qty = 9 where id = 20
delete from few where id = 2
