-- As Django 5 makes its tables.
create table "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
insert into django_migrations values (1, 'shop', '0001_initial', '2024-01-01 10:00:00.123456');
create table "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "date_joined" datetime NOT NULL);
insert into auth_user values (1, 'x', null, 1, 'anna', '2024-01-01 10:00:00');
create table "shop_order" ("id" char(32) NOT NULL PRIMARY KEY, "placed" datetime NOT NULL, "day" date NOT NULL, "at" time NULL, "data" text NOT NULL CHECK ((JSON_VALID("data") OR "data" IS NULL)), "price" decimal NOT NULL, "paid" bool NOT NULL, "count" integer unsigned NOT NULL CHECK ("count" >= 0), "length" bigint NULL, "file" BLOB NULL, "rate" real NULL, "user_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED);
insert into shop_order values ('6f9619ff8b86d011b42d00c04fc964ff', '2024-05-01 12:00:00', '2024-05-01', '08:30:00', '{"a": 1}', 12.5, 1, 3, 90000000, x'00', 0.5, 1);
CREATE INDEX "shop_order_user_id_1234" ON "shop_order" ("user_id");
