-- JSON with a key twice, NaN, \u0000, lone surrogates, numbers of many digits, scalars, '' and no JSON at all.
create table fine (id integer primary key, j json);
insert into fine values (1, '{"b":1,"a":[1,2,{"c":null}]}'), (2, '[]'), (3, '"text"'), (4, '12345678901234567890.12345678901234567890'), (5, null), (6, 'true');
create table twice (id integer primary key, j json);
insert into twice values (1, '{"a":1,"a":2}');
create table nul (id integer primary key, j json);
insert into nul values (1, '{"a":"\u0000"}');
create table nan (id integer primary key, j json);
insert into nan values (1, '{"a":NaN}'), (2, '{"a":1}');
create table surrogate (id integer primary key, j json);
insert into surrogate values (1, '"\ud800"'), (2, '"\ud83d\udc26"');
create table empty (id integer primary key, j json);
insert into empty values (1, ''), (2, '{}');
create table huge (id integer primary key, j json);
insert into huge values (1, '1e400'), (2, '-0'), (3, '{"' || hex(zeroblob(200)) || '": 1}');
create table looks (id integer primary key, t text);
insert into looks values (1, '{"a":1}'), (2, '[1]');
create table five (id integer primary key, j json);
insert into five values (1, '{a: 1, /* c */ "b": .5,}');
