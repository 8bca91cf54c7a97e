-- pow(): NULL and infinity where PostgreSQL's power() is an error.
CREATE OR REPLACE FUNCTION {schema}.power(x double precision, y double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN x < 0 AND y <> trunc(y) THEN NULL WHEN x = 0 AND y < 0 THEN 'Infinity' ELSE power(x, y) END
$$
