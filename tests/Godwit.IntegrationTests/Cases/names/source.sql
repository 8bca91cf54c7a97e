-- Reserved words, quotes, line ends, percent signs, blanks, system columns of PostgreSQL, names that differ in case only by quoting.
create table "select" ("from" integer primary key, "where" text, "user" text, "end" text check ("end" <> 'x'));
insert into "select" values (1, 'a', 'b', 'c');
create table "with ""quotes"" and 'apostrophes'" ("a ""b""" integer primary key, "it's" text unique, "100%" real, "line
break" text, "tab	stop" text, "semi;colon" text, "dot.ted" text, "$1" text, "{0}" text, "back\slash" text);
insert into "with ""quotes"" and 'apostrophes'" values (1, 'q', 0.5, 'l', 't', 's', 'd', '1', '0', 'b');
create index "index ""of"" 100%" on "with ""quotes"" and 'apostrophes'" ("line
break", "100%");
create table "  blanks  " (" a " integer primary key, "" text, "ctid" text, "xmin" integer, "oid" integer, "tableoid" text);
insert into "  blanks  " values (1, 'e', 'c', 5, 6, 't');
create table "Ünïcode 表 🐦" ("ключ" integer primary key, "🗝" text);
insert into "Ünïcode 表 🐦" values (1, 'v');
create table CamelCase (userId integer primary key, "select_id" integer references "select" ("from"));
insert into CamelCase values (1, 1);
create view "view of ""select""" as select "from", "where" || "user" as "w%u" from "select";
create trigger "trigger 'x'; --" after insert on "select" begin update CamelCase set select_id = new."from"; end;
