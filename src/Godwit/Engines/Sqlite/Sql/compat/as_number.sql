-- SQLite's numeric affinity: a text that is a number as a whole is that number, any other is none.
CREATE OR REPLACE FUNCTION {schema}.as_number(value text) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN value ~ '^[ \t\n\r\f\v]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?[ \t\n\r\f\v]*$' THEN btrim(value, E' \t\n\r\f\v')::numeric END
$$
