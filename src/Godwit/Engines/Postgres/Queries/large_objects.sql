-- PostgreSQL 14 to 18. pg_largeobject itself is for superusers; the number of objects is for everybody.
SELECT (SELECT count(*) FROM pg_largeobject_metadata),
       CASE WHEN has_table_privilege('pg_largeobject', 'SELECT') THEN pg_relation_size('pg_largeobject') ELSE 0 END
