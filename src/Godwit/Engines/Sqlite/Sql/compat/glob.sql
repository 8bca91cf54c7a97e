-- GLOB with a pattern that is known only when it runs: * ? [abc] [^a-z], with regard to case.
CREATE OR REPLACE FUNCTION {schema}.glob(value text, pattern text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  regex text := '^';
  i int := 1;
  start int;
  c text;
BEGIN
  WHILE i <= length(pattern) LOOP
    c := substr(pattern, i, 1);
    IF c = '*' THEN regex := regex || '.*';
    ELSIF c = '?' THEN regex := regex || '.';
    ELSIF c = '[' THEN
      start := i + 1;
      regex := regex || '[';
      IF substr(pattern, start, 1) = '^' THEN
        regex := regex || '^';
        start := start + 1;
      END IF;
      i := start + 1;
      WHILE i <= length(pattern) AND substr(pattern, i, 1) <> ']' LOOP i := i + 1; END LOOP;
      IF i > length(pattern) THEN RETURN false; END IF;
      regex := regex || regexp_replace(substr(pattern, start, i - start), '([][\\^])', '\\\1', 'g') || ']';
    ELSE regex := regex || regexp_replace(c, '([^[:alnum:][:space:]])', '\\\1');
    END IF;
    i := i + 1;
  END LOOP;
  RETURN value COLLATE "C" ~ (regex || '$');
END
$$
