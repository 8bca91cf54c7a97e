delete from p where id = 4
delete from p where id = 5
delete from p where id = 3
update p set id = 22 where id = 2
update p set k = 11 where k = 10
begin; insert into husband values (2, 2); insert into wife values (2, 2); commit
begin; insert into husband values (3, 3); insert into wife values (3, 3); delete from wife where id = 3; delete from husband where id = 3; commit
update p set id = 66 where id = 6
delete from p where id = 1
