-- As Rails 7 makes its tables.
CREATE TABLE "schema_migrations" ("version" varchar NOT NULL PRIMARY KEY);
CREATE TABLE "ar_internal_metadata" ("key" varchar NOT NULL PRIMARY KEY, "value" varchar, "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
insert into schema_migrations values ('20240101000000'); insert into ar_internal_metadata values ('environment', 'production', '2024-01-01 10:00:00.123456', '2024-01-01 10:00:00.123456');
CREATE TABLE "users" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "email" varchar NOT NULL, "admin" boolean DEFAULT 0 NOT NULL, "settings" json DEFAULT '{}', "balance" decimal(10,2), "born" date, "opens" time, "created_at" datetime(6) NOT NULL);
insert into users values (1, 'a@example.org', 1, '{"b":1,"a":2}', 12.5, '1990-01-01', '2000-01-01 08:30:00', '2024-01-01 10:00:00.123456');
CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email");
CREATE TABLE "posts" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "user_id" integer NOT NULL, "title" varchar(255), "body" text, "score" float, "data" blob, CONSTRAINT "fk_rails_1" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE);
insert into posts values (1, 1, 't', 'b', 0.5, x'00');
