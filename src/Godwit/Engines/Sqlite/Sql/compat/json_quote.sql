-- A text as a JSON string. to_json() is only STABLE, because of types that depend on settings.
CREATE OR REPLACE FUNCTION {schema}.json_quote(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT to_json(value)::text
$$
