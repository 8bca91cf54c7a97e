-- randomblob(n) of SQLite; each random UUID carries 122 random bits, and 8 bytes of its hash are taken.
CREATE OR REPLACE FUNCTION {schema}.random_bytes(size bigint) RETURNS bytea
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS $$
SELECT decode(left(string_agg(left(md5(gen_random_uuid()::text), 16), ''), greatest(size, 1)::int * 2), 'hex') FROM generate_series(0, (greatest(size, 1) - 1) / 8)
$$
