-- Full-text tables of three generations: content kept, shadow tables and vocabularies skipped.
create virtual table note using fts5 (title, body, tag unindexed, tokenize = 'porter unicode61');
insert into note (rowid, title, body, tag) values (1, 'hello', 'running dogs', 'a'), (7, 'second', 'row', null);
create virtual table old4 using fts4 (content text, tokenize = porter);
insert into old4 values ('x y');
create virtual table old3 using fts3 (subject, body);
insert into old3 values ('s', 'b');
create table doc (id integer primary key, title text, body text);
insert into doc values (1, 'a cat', 'sat');
create virtual table doc_index using fts5 (title, body, content = 'doc', content_rowid = 'id');
create trigger doc_ai after insert on doc begin insert into doc_index (rowid, title, body) values (new.id, new.title, new.body); end;
create virtual table nowhere using fts5 (a, content = '');
create virtual table words using fts5vocab ('note', 'row');
create table note_content_of_mine (id integer primary key, v text);
insert into note_content_of_mine values (1, 'not a shadow table');
create view titles as select title from note;
create view found as select title from note where note match 'dogs';
