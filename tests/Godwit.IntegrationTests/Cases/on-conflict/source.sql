-- ON CONFLICT clauses of constraints have no counterpart in a table's definition.
create table t (id integer primary key on conflict replace, u text unique on conflict ignore, n text not null on conflict replace default 'none', c integer check (c > 0), constraint both unique (n, c) on conflict rollback);
insert into t values (1, 'a', 'x', 1), (2, 'b', 'y', 2);
