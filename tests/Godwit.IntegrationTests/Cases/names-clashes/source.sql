-- PostgreSQL keeps tables, indexes, views, keys and sequences in one namespace and cuts names at 63 bytes.
create table a (id integer primary key autoincrement, v text unique);
insert into a (v) values ('one');
create table a_pkey (id integer primary key, v text);
insert into a_pkey values (1, 'two');
create table a_id_seq (id integer primary key);
insert into a_id_seq values (1);
create table a_v_key (id integer primary key);
create table this_name_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_1 (this_column_too_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_1 integer primary key, this_column_too_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_2 text);
insert into this_name_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_1 values (1, 'first');
create table this_name_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_2 (id integer primary key, parent integer references this_name_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_1);
insert into this_name_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_2 values (1, 1);
create index this_index_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_1 on a (v);
create index this_index_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_2 on a (v, id);
create table "ééééééééééééééééééééééééééééééééééééééééé" (id integer primary key);
create view this_name_is_much_longer_than_the_sixty_three_bytes_that_postgresql_keeps_of_it_3 as select v from a;
