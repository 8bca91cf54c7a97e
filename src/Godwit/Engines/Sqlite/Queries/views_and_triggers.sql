-- Views and triggers in the order of their creation.
-- https://www.sqlite.org/schematab.html
SELECT type, name, tbl_name, coalesce(sql, '')
FROM sqlite_schema
WHERE type IN ('view', 'trigger')
ORDER BY rowid
