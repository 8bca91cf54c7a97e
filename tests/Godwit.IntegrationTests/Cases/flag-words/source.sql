-- Booleans that are spelled as words, by an application or by an old Rails, and what compares with them.
create table member (id integer primary key, name text, active boolean default 'Y', gone boolean not null default 'N' check (gone in ('Y', 'N')), news boolean default "no",
  check (gone = 'N' or active is not 'Y'));
create unique index current_name on member (name) where active = 'Y';
create index kept on member (id) where gone <> 'Y';
create view current_members as select id, name from member where active = 'Y' and gone <> 'Y';
create view states as select id, case active when 'Y' then 'here' when 'N' then 'away' else 'unknown' end as state from member;
create trigger leaves after update of active on member when new.active = 'N' begin update member set gone = 'Y' where id = new.id; end;
insert into member values (1, 'a', 'Y', 'N', 'yes'), (2, 'a', 'N', 'Y', 'no'), (3, 'b', null, 'N', null);
-- Rows from before and after Rails 5.2.
create table rails (id integer primary key, admin boolean default 't');
create view admins as select id from rails where admin = 't' or admin = 1;
insert into rails values (1, 't'), (2, 'f'), (3, 1), (4, 0);
-- Nothing tells yet how a flag is spelled.
create table nobody (id integer primary key, active boolean default 'N' check (active in ('Y', 'N')));
-- Numbers only: no row is equal to a word.
create table numbers (id integer primary key, flag boolean);
create view by_word as select id from numbers where flag = 't';
insert into numbers values (1, 1), (2, 0);
