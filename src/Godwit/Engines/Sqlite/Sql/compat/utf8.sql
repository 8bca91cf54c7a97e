-- The bytes of a text. convert_to() is only STABLE, because it takes the name of any encoding.
CREATE OR REPLACE FUNCTION {schema}.utf8(value text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT convert_to(value, 'UTF8')
$$
