-- A JSON value as SQLite's json_extract gives it, as text: true and false are 1 and 0, null is NULL.
CREATE OR REPLACE FUNCTION {schema}.json_value(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE jsonb_typeof(value) WHEN 'boolean' THEN CASE WHEN value::boolean THEN '1' ELSE '0' END ELSE value #>> '{}' END
$$
