-- SQLite's << for any count: a negative one shifts to the right, one of 64 and more leaves nothing but the sign.
CREATE OR REPLACE FUNCTION {schema}.shift(value bigint, count bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN count >= 64 THEN 0 WHEN count >= 0 THEN value << count::int WHEN count > -64 THEN value >> (-count)::int WHEN value < 0 THEN -1 ELSE 0 END
$$
