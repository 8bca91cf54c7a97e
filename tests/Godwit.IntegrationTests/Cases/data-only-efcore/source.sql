-- flags: --data-only
-- Into the schema that dotnet ef makes on PostgreSQL: GENERATED ALWAYS is not used, texts are uuid, timestamptz, numeric, interval.
CREATE TABLE "__EFMigrationsHistory" ("MigrationId" TEXT NOT NULL CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY, "ProductVersion" TEXT NOT NULL);
insert into __EFMigrationsHistory values ('20240101000000_Init', '10.0.0');
CREATE TABLE "Blogs" ("Id" INTEGER NOT NULL CONSTRAINT "PK_Blogs" PRIMARY KEY AUTOINCREMENT, "Key" TEXT NOT NULL, "Made" TEXT NOT NULL, "Seen" TEXT NULL, "Day" TEXT NULL, "Span" TEXT NULL, "Price" TEXT NOT NULL, "Live" INTEGER NOT NULL, "Data" BLOB NULL);
insert into Blogs values (3, '6F9619FF-8B86-D011-B42D-00C04FC964FF', '2024-01-01 10:00:00', '2024-01-01 10:00:00.1234567+02:00', '2024-01-01', '1.02:03:04.5000000', '12.5', 1, x'01');
