-- ATTACH is a connection's doing. What a file can hold of it: SQL that names main, a view or trigger on a table that stands in another file, and views
-- that call the file by the name under which it was attached, which SQLite then finds malformed under any other.
create table note (id integer primary key, text text, done integer not null default 0 check (main.note.id > 0 and note.done in (0, 1)));
insert into note values (1, 'one', 0), (2, 'two', 1), (3, null, 0);
create table log (id integer primary key, what text);
create index open_notes on note (text) where main.note.done = 0;
create view open_note as select main.note.id, note.text from main.note where main.note.done = 0;
create view pairs as select a.id as a, b.id as b from main.note as a join main.note as b on b.id = a.id + 1;
create trigger main.on_done after update of done on main.note when new.done = 1 begin insert into log (what) select main.note.text from main.note where main.note.id = new.id; end;
create view elsewhere as select * from archived;
create trigger to_archive after delete on note begin insert into archived select old.id, old.text; end;
pragma writable_schema = on;
insert into sqlite_schema values ('view', 'counted', 'counted', 0, 'CREATE VIEW counted AS SELECT app.note.done, count(*) AS n FROM app.note GROUP BY 1');
insert into sqlite_schema values ('trigger', 'on_new', 'note', 0, 'CREATE TRIGGER on_new AFTER INSERT ON note BEGIN INSERT INTO log (what) SELECT ''new '' || app.note.text FROM app.note WHERE app.note.id = new.id; END');
pragma writable_schema = reset;
