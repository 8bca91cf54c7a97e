-- CAST(text AS INTEGER) in SQLite: the digits at its beginning, held within 64 bits.
CREATE OR REPLACE FUNCTION {schema}.to_integer(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT least(greatest(coalesce(substring(ltrim(value, E' \t\n\r\f\v') from '^[+-]?[0-9]+')::numeric, 0), -9223372036854775808), 9223372036854775807)::bigint
$$
