-- As Laravel makes its tables.
create table "migrations" ("id" integer primary key autoincrement not null, "migration" varchar not null, "batch" integer not null);
insert into migrations values (1, '0001_01_01_000000_create_users_table', 1);
create table "users" ("id" integer primary key autoincrement not null, "name" varchar not null, "email" varchar not null, "email_verified_at" datetime, "active" tinyint(1) not null default '1', "created_at" datetime, "options" text);
insert into users values (1, 'n', 'a@example.org', null, 1, '2024-01-01 10:00:00', '{"a":1}');
create unique index "users_email_unique" on "users" ("email");
create table "posts" ("id" integer primary key autoincrement not null, "user_id" integer not null, "kind" varchar check ("kind" in ('a', 'b')) not null, foreign key ("user_id") references "users" ("id") on delete cascade);
insert into posts values (1, 1, 'a');
