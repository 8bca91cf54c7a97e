-- printf('%o'): 64 bits without a sign, three at a time.
CREATE OR REPLACE FUNCTION {schema}.octal(value bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT coalesce(nullif(ltrim(string_agg(((value >> (3 * n)) & CASE WHEN n = 21 THEN 1 ELSE 7 END)::text, '' ORDER BY n DESC), '0'), ''), '0') FROM generate_series(0, 21) AS n
$$
