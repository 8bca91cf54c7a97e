-- As Prisma makes its tables: DateTime is text or milliseconds, Boolean, BigInt, Decimal, Json and Bytes have names of their own.
CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0);
insert into _prisma_migrations values ('a', 'c', 1704103200000, 'init', null, null, 1704103200000, 1);
CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL, "isAdmin" BOOLEAN NOT NULL DEFAULT false, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "views" BIGINT NOT NULL, "price" DECIMAL, "meta" JSONB, "avatar" BLOB, "rate" REAL);
insert into User values (1, 'a@example.org', 1, 1704103200123, 5000000000, 12.5, '{"a":1}', x'00', 0.5);
CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");
CREATE TABLE "Post" ("id" TEXT NOT NULL PRIMARY KEY, "authorId" INTEGER NOT NULL, CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
insert into Post values ('cku', 1);
