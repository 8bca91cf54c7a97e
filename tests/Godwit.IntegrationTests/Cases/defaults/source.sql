-- DEFAULT in all its forms.
create table t (id integer primary key, i integer default 5, neg integer default -1, r real default 1.5, s text default 'it''s', dq text default "quoted", e text default '', no_value text default null, b blob default x'00ff', flag boolean default true, f0 boolean default 0,
  now_ datetime default current_timestamp, day date default current_date, clock time default current_time, dt datetime default (datetime('now')), ux integer default (unixepoch()), ep integer default (strftime('%s', 'now')),
  j json default '{}', u text default (lower(hex(randomblob(16)))), calc integer default (1 + 2 * 3), num decimal(10,2) default 0, bigone integer default 9223372036854775807, word text default unquoted, hexa integer default 0x10,
  in_text text default 7, in_int integer default '7', wrong_date date default 'never');
insert into t (id) values (1);
update t set now_ = '2024-01-01 00:00:00', day = '2024-01-01', clock = '10:00:00', dt = '2024-01-01 00:00:00', ux = 1, ep = 2, u = '0', wrong_date = '2024-01-01';
