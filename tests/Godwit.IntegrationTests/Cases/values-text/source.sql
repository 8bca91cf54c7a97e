-- '', quotes, backslashes, line ends, NUL, bytes that are no UTF-8, lone surrogates, text in BLOB columns and blobs in TEXT columns.
create table plain (id integer primary key, t text not null, v varchar(5), c char(3));
insert into plain values (1, '', '', ''), (2, 'it''s "q" \ % $1 {0}', 'äöüßé', 'abc'), (3, char(10) || char(13) || char(9) || char(8) || '\N' || char(10) || '\.', 'x', 'ab '), (4, 'NULL', 'null', '🐦🐦🐦'), (5, char(0x10FFFF) || char(0xFEFF) || char(0x200B), ' ', '   ');
create table too_long (id integer primary key, v varchar(5));
insert into too_long values (1, 'sixsix');
create table nul (id integer primary key, t text);
insert into nul values (1, 'a' || char(0) || 'b'), (2, 'clean');
create table bad (id integer primary key, t text);
insert into bad values (1, cast(x'ff41' as text)), (2, 'good'), (3, cast(x'c3' as text));
create table surrogate (id integer primary key, t text);
insert into surrogate values (1, cast(x'eda080' as text)), (2, cast(x'f09f90a6' as text)), (3, cast(x'c080' as text));
create table text_in_blob (id integer primary key, b blob);
insert into text_in_blob values (1, 'text'), (2, x'00ff'), (3, ''), (4, x'');
create table blob_in_text (id integer primary key, t text);
insert into blob_in_text values (1, x'00ff'), (2, 'text'), (3, x'');
create table untyped (id integer primary key, x);
insert into untyped values (1, 1), (2, 1.5), (3, 'one'), (4, x'01'), (5, null);
