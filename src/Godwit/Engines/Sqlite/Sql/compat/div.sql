-- Division of NUMERIC values in SQLite: of whole numbers by whole numbers it is whole; by 0 it is NULL.
CREATE OR REPLACE FUNCTION {schema}.div(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN b = 0 THEN NULL WHEN a = trunc(a) AND b = trunc(b) THEN trunc(a / b) ELSE (a::double precision / b::double precision)::numeric END
$$
