-- SQLite's json_tree: the value itself and everything inside of it. "json" is the member itself, beside the value that SQLite shows.
CREATE OR REPLACE FUNCTION {schema}.json_tree(value jsonb, root text) RETURNS TABLE (key text, value text, type text, atom text, fullkey text, path text, "json" jsonb)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
WITH RECURSIVE tree(k, v, fullkey, path, place) AS (
  SELECT NULL::text, $1, $2, $2, ARRAY[]::bigint[]
  UNION ALL
  SELECT m.k, m.v, tree.fullkey || m.step, tree.fullkey, tree.place || m.n FROM tree CROSS JOIN LATERAL (
    SELECT (a.n - 1)::text AS k, a.e AS v, '[' || a.n - 1 || ']' AS step, a.n FROM jsonb_array_elements(CASE WHEN jsonb_typeof(tree.v) = 'array' THEN tree.v END) WITH ORDINALITY AS a(e, n)
    UNION ALL
    SELECT o.k, o.v, {schema}.json_step(o.k), o.n FROM jsonb_each(CASE WHEN jsonb_typeof(tree.v) = 'object' THEN tree.v END) WITH ORDINALITY AS o(k, v, n)
  ) AS m
)
SELECT k, {schema}.json_value(v), {schema}.json_kind(v), CASE WHEN jsonb_typeof(v) NOT IN ('array', 'object') THEN {schema}.json_value(v) END, fullkey, path, v FROM tree ORDER BY place
$$
