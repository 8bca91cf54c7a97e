-- Largest key that each AUTOINCREMENT table has given out. The table exists only where one was ever created.
-- https://www.sqlite.org/autoinc.html
SELECT name, max(CAST(seq AS INTEGER))
FROM sqlite_sequence
WHERE seq IS NOT NULL
GROUP BY name
