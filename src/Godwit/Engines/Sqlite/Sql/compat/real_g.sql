-- printf('%g'): so many significant digits, without zeros at the end, with an exponent only where it is shorter.
CREATE OR REPLACE FUNCTION {schema}.real_g(value double precision, digits int) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE
  WHEN value IN ('Infinity', '-Infinity', 'NaN') THEN replace(value::text, 'inity', '')
  WHEN split_part(s, 'e', 2)::int BETWEEN -4 AND digits - 1 THEN trim_scale(s::numeric)::text
  ELSE trim_scale(split_part(s, 'e', 1)::numeric)::text || 'e' || split_part(s, 'e', 2) END
FROM (SELECT ltrim(to_char(value, '9' || CASE WHEN digits > 1 THEN '.' || repeat('9', digits - 1) ELSE '' END || 'EEEE')) AS s) AS x
$$
