-- Whether the database has an AUTOINCREMENT counter table.
SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'
