-- flags: --data-only
-- Into the schema that Django's own migrations make on PostgreSQL; columns in another order, one more with a default, keys between all tables, one of them cyclic.
create table "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
insert into django_migrations values (1, 'shop', '0001_initial', '2024-01-01 10:00:00.123456'), (7, 'shop', '0002', '2024-01-02 00:00:00');
create table "django_content_type" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app_label" varchar(100) NOT NULL, "model" varchar(100) NOT NULL);
insert into django_content_type values (1, 'admin', 'logentry'), (2, 'shop', 'order');
create table "shop_order" ("id" char(32) NOT NULL PRIMARY KEY, "placed" datetime NOT NULL, "day" date NOT NULL, "at" time NULL, "took" bigint NULL, "data" text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)), "price" decimal NOT NULL, "paid" bool NOT NULL, "count" integer unsigned NOT NULL CHECK ("count" >= 0), "ip" char(39) NULL, "file" BLOB NULL, "rate" real NULL, "user_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED, "next_id" char(32) NULL REFERENCES "shop_order" ("id") DEFERRABLE INITIALLY DEFERRED);
insert into shop_order values ('6f9619ff8b86d011b42d00c04fc964ff', '2024-05-01 12:00:00', '2024-05-01', '08:30:00', 90061000000, '{"a": 1}', 12.5, 1, 3, '192.168.1.1', x'00ff', 0.5, 1, '6f9619ff8b86d011b42d00c04fc964fe'), ('6f9619ff8b86d011b42d00c04fc964fe', '2024-05-01 12:00:00.5', '2024-05-01', null, null, '[]', 0, 0, 0, '2001:db8::1', null, null, 1, null);
create table "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "date_joined" datetime NOT NULL);
insert into auth_user values (1, 'x', null, 1, 'anna', '2024-01-01 10:00:00');
