-- group_concat(DISTINCT x): each value once, where it comes first.
CREATE OR REPLACE FUNCTION {schema}.join_distinct(items text[], separator text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT string_agg(u.item, separator ORDER BY u.place) FROM (SELECT item, min(place) AS place FROM unnest(items) WITH ORDINALITY AS a(item, place) WHERE item IS NOT NULL GROUP BY item) AS u
$$
