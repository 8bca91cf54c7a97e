-- json_type of SQLite.
CREATE OR REPLACE FUNCTION {schema}.json_kind(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE jsonb_typeof(value) WHEN 'string' THEN 'text' WHEN 'boolean' THEN value::text
  WHEN 'number' THEN CASE WHEN value::text ~ '[.eE]' THEN 'real' ELSE 'integer' END ELSE jsonb_typeof(value) END
$$
