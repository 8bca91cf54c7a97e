-- A number of a NUMERIC column as SQLite writes it: whole numbers are integers there.
CREATE OR REPLACE FUNCTION {schema}.number_text(value numeric) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN value = trunc(value) THEN trunc(value)::text ELSE {schema}.real_text(value::double precision) END
$$
