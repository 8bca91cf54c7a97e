-- Foreign keys of table ?1 in the order of their declaration; SQLite numbers the last one 0.
-- https://www.sqlite.org/pragma.html#pragma_foreign_key_list
SELECT id, "table", "from", "to", on_update, on_delete
FROM pragma_foreign_key_list(?1, 'main')
ORDER BY id DESC, seq
