-- A printf field of a width: padded left with blanks or zeros, or right.
CREATE OR REPLACE FUNCTION {schema}.pad(value text, width int, how text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE
  WHEN length(value) >= width THEN value
  WHEN how = '-' THEN rpad(value, width)
  WHEN how = '0' AND left(value, 1) = '-' THEN '-' || lpad(substr(value, 2), width - 1, '0')
  ELSE lpad(value, width, how)
END
$$
