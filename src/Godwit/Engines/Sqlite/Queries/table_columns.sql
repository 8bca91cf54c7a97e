-- Columns of table ?1 with hidden and generated ones: hidden is 0, 1 (of a virtual table), 2 (VIRTUAL) or 3 (STORED).
-- https://www.sqlite.org/pragma.html#pragma_table_xinfo
SELECT name, type, "notnull", dflt_value, pk, hidden
FROM pragma_table_xinfo(?1, 'main')
ORDER BY cid
