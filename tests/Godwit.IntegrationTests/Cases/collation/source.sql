-- Uniqueness and order by NOCASE (ASCII only), RTRIM and BINARY.
create table person (id integer primary key, login text collate nocase unique, tag text collate rtrim unique, code text unique);
insert into person values (1, 'Anna', 'x', 'a'), (2, 'É', 'y ', 'A'), (3, 'é', ' y', 'a '), (4, null, null, null), (5, null, null, null);
create table word (w text collate nocase primary key, n integer) without rowid;
insert into word values ('alpha', 1), ('Beta', 2), ('ÄRGER', 3), ('ärger', 4);
create table pair (a text, b text);
insert into pair values ('x', 'Y'), ('x', 'z');
create unique index pair_ab on pair (a, b collate nocase);
create unique index pair_partial on pair (b collate rtrim) where a = 'x';
create table mail (id integer primary key, address text);
insert into mail values (1, 'A@b.c');
create unique index mail_lower on mail (lower(address));
create index mail_order on mail (address collate nocase desc);
create view by_nocase as select w from word where w = 'BETA';
