create type post_state as enum ('draft', 'live');
create table schema_migrations (version character varying not null primary key);
create table ar_internal_metadata (key character varying not null primary key, value character varying, created_at timestamp(6) without time zone not null, updated_at timestamp(6) without time zone not null);
insert into ar_internal_metadata values ('environment', 'production', now(), now());
truncate ar_internal_metadata;
create table users (created_at timestamp(6) without time zone not null, id bigserial primary key, email character varying not null, admin boolean default false not null, settings jsonb default '{}'::jsonb, balance numeric(10,2), born date, opens time without time zone, legacy integer default 7);
create table posts (id bigserial primary key, state post_state default 'draft' not null, title character varying(255), body text, score double precision, data bytea, user_id bigint not null constraint fk_rails_1 references users (id) on delete cascade);
create unique index index_users_on_email on users (email);
