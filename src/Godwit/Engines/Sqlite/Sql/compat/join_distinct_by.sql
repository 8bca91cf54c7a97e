-- group_concat(DISTINCT x) by a collation: of values with equal keys, the one that comes first.
CREATE OR REPLACE FUNCTION {schema}.join_distinct_by(items text[], keys text[], separator text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT string_agg(f.item, separator ORDER BY f.place) FROM (
  SELECT DISTINCT ON (a.key) a.item, a.place FROM unnest(items, keys) WITH ORDINALITY AS a(item, key, place) WHERE a.item IS NOT NULL ORDER BY a.key, a.place) AS f
$$
