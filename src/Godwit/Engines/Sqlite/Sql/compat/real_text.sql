-- A real as SQLite writes it: 15 significant digits and always a point.
CREATE OR REPLACE FUNCTION {schema}.real_text(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE
  WHEN value = 'Infinity' THEN 'Inf' WHEN value = '-Infinity' THEN '-Inf' WHEN value = 'NaN' THEN NULL
  WHEN value <> 0 AND (abs(value) >= 1e15 OR abs(value) < 1e-4) THEN
    regexp_replace(regexp_replace(ltrim(to_char(value, '9.99999999999999EEEE')), '0+e', 'e'), '\.e', '.0e')
  ELSE value::numeric::text || CASE WHEN value::numeric = trunc(value::numeric) THEN '.0' ELSE '' END
END
$$
