-- differs: SQLite ignores the row, PostgreSQL refuses it
insert into t values (3, 'a', 'z', 3)
insert into t values (4, 'd', 'x', 1)
insert into t values (5, 'e', 'w', -1)
