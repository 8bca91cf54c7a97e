-- INSERT OR REPLACE writes a NOT NULL column's default where it is given NULL; without a default it is refused.
create table state (name text primary key, n integer not null default 7, at text not null default 'never', flag boolean not null default 1, note text);
create table asked (name text, n integer, at text, flag boolean);
create trigger asked_state after insert on asked begin insert or replace into state (name, n, at, flag, note) values (new.name, new.n, new.at, new.flag, null); end;
create table strict_state (name text primary key, n integer not null);
create table asked_strictly (name text, n integer);
create trigger asked_strictly_state after insert on asked_strictly begin insert or replace into strict_state values (new.name, new.n); end;
insert into state values ('a', 1, 'then', 0, 'x');
insert into asked values ('a', 2, 'now', 1), ('b', null, null, null);
