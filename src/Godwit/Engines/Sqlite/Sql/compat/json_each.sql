-- SQLite's json_each. "json" is the member itself, beside the value that SQLite shows; "root" is the path of the value.
CREATE OR REPLACE FUNCTION {schema}.json_each(value jsonb, root text) RETURNS TABLE (key text, value text, type text, atom text, fullkey text, path text, "json" jsonb)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT m.k, {schema}.json_value(m.v), {schema}.json_kind(m.v),
  CASE WHEN jsonb_typeof(m.v) NOT IN ('array', 'object') THEN {schema}.json_value(m.v) END, $2 || m.step, $2, m.v
FROM (
  SELECT (n - 1)::text AS k, e AS v, '[' || n - 1 || ']' AS step FROM jsonb_array_elements(CASE WHEN jsonb_typeof($1) = 'array' THEN $1 END) WITH ORDINALITY AS a(e, n)
  UNION ALL
  SELECT o.key, o.value, {schema}.json_step(o.key) FROM jsonb_each(CASE WHEN jsonb_typeof($1) = 'object' THEN $1 END) AS o
  UNION ALL
  SELECT NULL, $1, '' WHERE jsonb_typeof($1) NOT IN ('array', 'object')
) AS m
$$
