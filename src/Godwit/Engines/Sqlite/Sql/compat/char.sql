-- char() of SQLite for one code point; what is none becomes U+FFFD.
CREATE OR REPLACE FUNCTION {schema}.char(point bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN point BETWEEN 1 AND 55295 OR point BETWEEN 57344 AND 1114111 THEN chr(point::int) ELSE U&'\FFFD' END
$$
