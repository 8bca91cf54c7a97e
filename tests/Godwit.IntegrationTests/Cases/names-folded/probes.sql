update useraccount set firstname = 'B'
insert into "order" values (2, 1)
insert into "order" values (3, 9)
