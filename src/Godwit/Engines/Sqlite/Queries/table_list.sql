-- Tables, virtual tables, shadow tables and views of the main database. SQLite 3.37 and later.
-- https://www.sqlite.org/pragma.html#pragma_table_list
SELECT l.name, l.type, l.wr, l.strict, coalesce(s.sql, '')
FROM pragma_table_list AS l
LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view')
WHERE l.schema = 'main' AND l.name NOT IN ('sqlite_schema', 'sqlite_sequence')
ORDER BY s.rowid
