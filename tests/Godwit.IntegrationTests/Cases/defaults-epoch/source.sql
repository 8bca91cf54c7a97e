-- Defaults that are numbers of seconds or milliseconds, in columns of moments and of integers.
create table empty (id integer primary key, made timestamp not null default (strftime('%s', 'now')), seen datetime default (unixepoch()), day date default (unixepoch()));
create table filled (id integer primary key, s datetime default (strftime('%s', 'now')), ms datetime default (strftime('%s', 'now') * 1000), us datetime default (cast(strftime('%s', 'now') as integer) * 1000000),
  n integer default (strftime('%s', 'now') * 1000), rounded integer default (round((julianday('now') - 2440587.5) * 86400.0)), in_real integer default (julianday('now') * 2));
insert into filled values (1, 1700000000, 1700000000123, 1700000000123456, 1, 2, 3);
