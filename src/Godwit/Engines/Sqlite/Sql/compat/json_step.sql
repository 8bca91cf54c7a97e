-- A key of an object as json_each and json_tree spell it in a path.
CREATE OR REPLACE FUNCTION {schema}.json_step(key text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN key ~ '^[A-Za-z][A-Za-z0-9]*$' THEN '.' || key ELSE '."' || key || '"' END
$$
