insert into django_migrations (app, name, applied) values ('a', 'b', '2024-01-03 00:00:00')
insert into auth_user (username, password, is_superuser, date_joined) values ('anna', 'x', true, '2024-01-03 00:00:00')
