-- flags: --data-only
-- Into the schema that prisma migrate deploy makes on PostgreSQL: timestamp(3), serial, enum, jsonb, implicit m-n tables.
CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0);
insert into _prisma_migrations values ('a', 'c', 1704103200000, 'init', null, null, 1704103200000, 1);
CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL, "role" TEXT NOT NULL DEFAULT 'USER', "isAdmin" BOOLEAN NOT NULL DEFAULT false, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "views" BIGINT NOT NULL, "price" DECIMAL, "meta" JSONB, "avatar" BLOB, "rate" REAL);
insert into User values (1, 'a@example.org', 'ADMIN', 1, 1704103200123, 5000000000, 12.5, '{"a":1}', x'00', 0.5), (4, 'b@example.org', 'USER', 0, 1704103200000, 0, null, null, null, null);
CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");
CREATE TABLE "_PostToUser" ("A" TEXT NOT NULL, "B" INTEGER NOT NULL, CONSTRAINT "_A_fkey" FOREIGN KEY ("A") REFERENCES "Post" ("id") ON DELETE CASCADE ON UPDATE CASCADE, CONSTRAINT "_B_fkey" FOREIGN KEY ("B") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
insert into _PostToUser values ('cku', 4);
CREATE TABLE "Post" ("id" TEXT NOT NULL PRIMARY KEY, "authorId" INTEGER NOT NULL, CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
insert into Post values ('cku', 1);
