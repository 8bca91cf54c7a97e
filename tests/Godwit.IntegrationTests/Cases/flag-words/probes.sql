insert into member (id, name) values (4, 'c')
insert into member (id, name, active, gone) values (5, 'c', 'Y', 'N')
insert into member (id, name, active, gone) values (6, 'd', 'Y', 'Y')
update member set active = 'N' where id = 1
insert into nobody (id) values (1)
