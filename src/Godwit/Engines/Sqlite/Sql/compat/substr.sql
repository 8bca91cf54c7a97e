-- substr of SQLite for any start and length (https://www.sqlite.org/lang_corefunc.html#substr). A NULL length is "to the end".
CREATE OR REPLACE FUNCTION {schema}.substr(value text, start bigint, size bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  total bigint := length(value);
  p1 bigint := start;
  p2 bigint := coalesce(size, 1000000000);
  backwards boolean := coalesce(size, 0) < 0;
BEGIN
  IF value IS NULL OR start IS NULL THEN RETURN NULL; END IF;
  IF backwards THEN p2 := -p2; END IF;
  IF p1 < 0 THEN
    p1 := p1 + total;
    IF p1 < 0 THEN
      p2 := greatest(p2 + p1, 0);
      p1 := 0;
    END IF;
  ELSIF p1 > 0 THEN
    p1 := p1 - 1;
  ELSIF p2 > 0 THEN
    p2 := p2 - 1;
  END IF;
  IF backwards THEN
    p1 := p1 - p2;
    IF p1 < 0 THEN
      p2 := p2 + p1;
      p1 := 0;
    END IF;
  END IF;
  RETURN pg_catalog.substr(value, p1::int + 1, greatest(least(p2, total), 0)::int);
END
$$
