-- SQLite's json_each. "json" is the member itself, beside the value that SQLite shows.
CREATE OR REPLACE FUNCTION {schema}.json_each(value jsonb) RETURNS TABLE (key text, value text, type text, atom text, "json" jsonb)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT m.k, {schema}.json_value(m.v),
  CASE jsonb_typeof(m.v) WHEN 'string' THEN 'text' WHEN 'boolean' THEN m.v::text
    WHEN 'number' THEN CASE WHEN m.v::text ~ '[.eE]' THEN 'real' ELSE 'integer' END ELSE jsonb_typeof(m.v) END,
  CASE WHEN jsonb_typeof(m.v) NOT IN ('array', 'object') THEN {schema}.json_value(m.v) END,
  m.v
FROM (
  SELECT (n - 1)::text AS k, e AS v FROM jsonb_array_elements(CASE WHEN jsonb_typeof($1) = 'array' THEN $1 END) WITH ORDINALITY AS a(e, n)
  UNION ALL
  SELECT o.key, o.value FROM jsonb_each(CASE WHEN jsonb_typeof($1) = 'object' THEN $1 END) AS o
  UNION ALL
  SELECT NULL, $1 WHERE jsonb_typeof($1) NOT IN ('array', 'object')
) AS m
$$
