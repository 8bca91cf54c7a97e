-- flags: --names fold
-- Folded to lower case: ASCII only, as SQLite itself compares names.
create table UserAccount (Id integer primary key, FirstName text, ORDER_NO integer unique);
insert into UserAccount values (1, 'Anna', 7);
create table "Order" (Id integer primary key, UserId integer references UserAccount (ID));
insert into "Order" values (1, 1);
create table "ÉTAT" (id integer primary key);
create index IX_First on UserAccount (FirstName);
create view Names as select FirstName as N from UserAccount;
create trigger Tr after update of FIRSTNAME on UserAccount begin update "order" set userid = new.ID; end;
