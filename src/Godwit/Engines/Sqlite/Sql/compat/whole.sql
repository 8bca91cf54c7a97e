-- CAST(number AS INTEGER) in SQLite: towards zero, held within 64 bits.
CREATE OR REPLACE FUNCTION {schema}.whole(value numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT least(greatest(trunc(value), -9223372036854775808), 9223372036854775807)::bigint
$$
