-- random() of SQLite: any 64-bit integer.
CREATE OR REPLACE FUNCTION {schema}.random() RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
SELECT ('x' || left(md5(gen_random_uuid()::text), 16))::bit(64)::bigint
$$
