-- SQLite's arithmetic on text: the number at its beginning, else 0.
CREATE OR REPLACE FUNCTION {schema}.to_number(value text) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT coalesce(substring(ltrim(value, E' \t\n\r\f\v') from '^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?')::numeric, 0)
$$
