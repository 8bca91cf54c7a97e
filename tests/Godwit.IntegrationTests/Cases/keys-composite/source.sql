-- Keys of several columns, in another order than the columns; parents named, implied, and found by a UNIQUE.
create table region (name text, country text, code integer, primary key (country, name), unique (code, country));
insert into region values ('North', 'NZ', 1), ('South', 'NZ', 2), ('North', 'AU', 1);
create table town (id integer primary key, r text, c text, foreign key (c, r) references region);
insert into town values (1, 'North', 'NZ'), (2, null, 'NZ'), (3, 'South', 'NZ');
create table office (id integer primary key, c text, code int, foreign key (code, c) references region (code, country));
insert into office values (1, 'NZ', 2);
create table permuted (id integer primary key, c text, code int, foreign key (c, code) references region (country, code));
insert into permuted values (1, 'AU', 1);
create table grid (y integer, x integer, v text, primary key (x, y)) without rowid;
insert into grid values (2, 1, 'a'), (1, 2, 'b');
create table pkdesc (a integer, b text, primary key (b desc, a));
insert into pkdesc values (1, 'x'), (2, 'x');
