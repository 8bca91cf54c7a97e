-- CHECKs: kept, said by the type, broken by rows, not translatable; NOT NULL that rows break.
create table t (id integer primary key, n integer check (n between 1 and 10), s text check (length(s) <= 5 and s = lower(s)), k text constraint kind check (k in ('a', 'b')), flag boolean check (flag in (0, 1)), g text check (g glob '[A-Z][0-9]*'), l text check (l like 'a%'), ty integer check (typeof(ty) = 'integer'), a integer, b integer, d text check (d is date(d)), check (a < b or b is null));
insert into t values (1, 5, 'abc', 'a', 1, 'A1', 'Abc', 7, 1, 2, '2024-01-01'), (2, null, null, null, null, null, null, 8, null, null, null);
create table broken (id integer primary key, n integer check (n > 0));
pragma ignore_check_constraints = on;
insert into broken values (1, -1), (2, 1);
pragma ignore_check_constraints = off;
create table unknown (id integer primary key, s text check (sqlite_compileoption_used(s) = 0));
