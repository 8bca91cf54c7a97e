insert into asked values ('a', null, 'later', null)
insert into asked values ('c', 5, null, false)
insert into asked_strictly values ('a', 1)
insert into asked_strictly values ('b', null)
