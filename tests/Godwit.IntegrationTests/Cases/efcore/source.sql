-- As EF Core makes its tables: DateTime, Guid, decimal are TEXT.
CREATE TABLE "__EFMigrationsHistory" ("MigrationId" TEXT NOT NULL CONSTRAINT "PK___EFMigrationsHistory" PRIMARY KEY, "ProductVersion" TEXT NOT NULL);
insert into __EFMigrationsHistory values ('20240101000000_Init', '10.0.0');
CREATE TABLE "Blogs" ("Id" INTEGER NOT NULL CONSTRAINT "PK_Blogs" PRIMARY KEY AUTOINCREMENT, "Key" TEXT NOT NULL, "Made" TEXT NOT NULL, "Price" TEXT NOT NULL, "Live" INTEGER NOT NULL);
insert into Blogs values (1, '6F9619FF-8B86-D011-B42D-00C04FC964FF', '2024-01-01 10:00:00', '12.5', 1);
