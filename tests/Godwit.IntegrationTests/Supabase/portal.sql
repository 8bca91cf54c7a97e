-- A small application of a hosted project: what goes wrong when it is moved by hand.
set role {admin};
set search_path = public, extensions;
create table public.accounts (id uuid primary key references auth.users on delete cascade, email extensions.citext unique, role text not null default 'member', note text);
create table public.documents (id int generated always as identity primary key, owner uuid not null references public.accounts, title text not null, kind extensions.citext default 'Plain',
  secret_level int not null default 0, constraint kind_known check (nullif(kind, 'NONE') is not null));
create table public.log (at timestamptz default now(), what text);
create schema app;
create table app.rates (day date primary key, rate numeric not null);

-- Operators whose schema cannot be written: they bind by search_path.
create view public.same_mail with (security_invoker = false) as
  select id, nullif(email, 'A@EXAMPLE.COM') is null as is_a, case email when 'B@Example.com' then 'b' else 'other' end as which, email is distinct from 'C@EXAMPLE.com' as not_c from public.accounts;

create function public.f_unaccent(t text) returns text language sql immutable as 'select unaccent(t)';
create index documents_title_plain on public.documents (f_unaccent(title));
create function public.known_account(u uuid) returns boolean language sql stable as 'select exists (select from accounts where id = u)';
alter table public.documents add constraint owner_known check (known_account(owner)) not valid;
alter table public.documents validate constraint owner_known;
create materialized view public.plain_titles as select id, f_unaccent(title) as title from public.documents;

create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
begin insert into public.accounts (id, email) values (new.id, new.email); return new; end $$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user();

create function public.mail_changed() returns trigger language plpgsql as $$ begin insert into public.log (what) values ('mail of ' || new.id); return new; end $$;
create trigger mail_changed after update on public.accounts for each row when (old.email is distinct from new.email) execute function public.mail_changed();

create trigger hook after insert on public.documents for each row
  execute function supabase_functions.http_request('https://hooks.example/documents?key=abc', 'POST', '{"Authorization":"Bearer hook-s3cret"}', '{}', '1000');
create function public.ping() returns trigger language plpgsql as $$ begin perform net.http_post(url := 'https://x.example'); return new; end $$;
create trigger ping after update on app.rates for each row execute function public.ping();

alter table public.accounts enable row level security;
alter table public.documents enable row level security;
create policy own_account on public.accounts for select to authenticated using ((select auth.uid()) = id);
create policy own_documents on public.documents to authenticated using (owner = (select auth.uid()) and (secret_level = 0 or auth.jwt() ->> 'aal' = 'aal2')) with check (owner = (select auth.uid()));
create policy public_documents on public.documents for select to anon using (kind = 'PUBLIC');
create policy hook_reads on public.accounts for select to supabase_auth_admin using (true);
reset role;
create policy own_files on storage.objects for select to authenticated using (bucket_id = 'docs' and (storage.foldername(name))[1] = auth.uid()::text);
create policy hear on realtime.messages for select to authenticated using (realtime.topic() = 'room');
set role {admin};
grant usage on schema app to authenticated; grant select (day) on app.rates to authenticated; grant usage on schema public to supabase_auth_admin; grant select on public.accounts to supabase_auth_admin;
create function app.on_ddl() returns event_trigger language plpgsql as $$ begin insert into public.log (what) values (tg_tag); end $$;
reset role;
create event trigger app_on_ddl on ddl_command_end when tag in ('CREATE TABLE') execute function app.on_ddl();
set role {admin};
create publication documents_only for table public.documents (id, title) where (secret_level = 0);
alter publication supabase_realtime add table public.documents;

reset role;
insert into auth.users (id, email, encrypted_password, aud, role) values
  ('00000000-0000-0000-0000-00000000000a', 'a@example.com', '$2a$10$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu', 'authenticated', 'authenticated'),
  ('00000000-0000-0000-0000-00000000000b', 'b@example.com', null, 'authenticated', 'authenticated'),
  ('00000000-0000-0000-0000-00000000000c', 'c@example.com', '{"key_id":"k"}', 'authenticated', 'authenticated');
set session_replication_role = replica;
insert into public.documents (owner, title, kind, secret_level) values
  ('00000000-0000-0000-0000-00000000000a', 'Crème', 'public', 0), ('00000000-0000-0000-0000-00000000000a', 'Café', 'Plain', 1), ('00000000-0000-0000-0000-00000000000b', 'b''s', 'Public', 0);
reset session_replication_role;
refresh materialized view public.plain_titles;
insert into app.rates values ('2025-01-01', 1.25);
insert into storage.buckets (id, name) values ('docs', 'docs');
insert into storage.objects (bucket_id, name, metadata) values ('docs', '00000000-0000-0000-0000-00000000000a/a.txt', '{"size": 5}'), ('docs', '00000000-0000-0000-0000-00000000000b/b.txt', '{"size": 7}');
select vault.create_secret('vault-s3cret', 'mail', 'for mail');
select cron.schedule('nightly', '0 3 * * *', 'select net.http_get(''https://x.example?key=cron-s3cret'')');
