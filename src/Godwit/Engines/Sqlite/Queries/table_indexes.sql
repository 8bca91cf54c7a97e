-- Indexes of table ?1 in the order of their creation (the pragma moves those with ON CONFLICT REPLACE): origin is c (CREATE INDEX), u (UNIQUE constraint) or pk.
-- https://www.sqlite.org/pragma.html#pragma_index_list
SELECT l.name, l."unique", l.origin, coalesce(s.sql, '')
FROM pragma_index_list(?1, 'main') AS l
LEFT JOIN sqlite_schema AS s ON s.name = l.name AND s.type = 'index'
ORDER BY s.rowid
