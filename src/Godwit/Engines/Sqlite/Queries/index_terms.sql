-- Key terms of index ?1: cid is -1 for the rowid and -2 for an expression, and name is then NULL.
-- https://www.sqlite.org/pragma.html#pragma_index_xinfo
SELECT cid, name, "desc", coll
FROM pragma_index_xinfo(?1, 'main')
WHERE key = 1
ORDER BY seqno
