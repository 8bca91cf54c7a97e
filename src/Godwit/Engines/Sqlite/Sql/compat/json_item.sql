-- An element of a JSON array. PostgreSQL's -> also takes a lone value for an array of one.
CREATE OR REPLACE FUNCTION {schema}.json_item(value jsonb, place int) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN value -> place END
$$
