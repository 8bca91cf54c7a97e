create type "Role" as enum ('USER', 'ADMIN');
create table "_prisma_migrations" (id varchar(36) not null primary key, checksum varchar(64) not null, finished_at timestamptz, migration_name varchar(255) not null, logs text, rolled_back_at timestamptz, started_at timestamptz not null default now(), applied_steps_count integer not null default 0);
create table "User" (id serial not null, email text not null, role "Role" not null default 'USER', "isAdmin" boolean not null default false, "createdAt" timestamp(3) not null default current_timestamp, views bigint not null, price decimal(65,30), meta jsonb, avatar bytea, rate double precision, tags text[] default array[]::text[], constraint "User_pkey" primary key (id));
create table "Post" ("authorId" integer not null, id text not null, constraint "Post_pkey" primary key (id));
create table "_PostToUser" ("A" text not null, "B" integer not null, constraint "_PostToUser_AB_pkey" primary key ("A", "B"));
create unique index "User_email_key" on "User" (email);
alter table "Post" add constraint "Post_authorId_fkey" foreign key ("authorId") references "User" (id) on delete restrict on update cascade;
alter table "_PostToUser" add constraint "_A_fkey" foreign key ("A") references "Post" (id) on delete cascade on update cascade;
alter table "_PostToUser" add constraint "_B_fkey" foreign key ("B") references "User" (id) on delete cascade on update cascade;
