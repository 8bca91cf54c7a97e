-- A text as SQLite's date functions read it, in UTC; NULL where they do not.
CREATE OR REPLACE FUNCTION {schema}.moment(value text) RETURNS timestamp
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  m text[];
  shift interval := '0';
BEGIN
  m := regexp_match(btrim(value), '^(?:(\d{4})-(\d\d)-(\d\d)(?:[ T]+|$))?(?:(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*(?:([Zz])|([+-])(\d\d):(\d\d))?)?$');
  IF m IS NULL THEN
    IF btrim(value) ~ '^[0-9]+(\.[0-9]*)?$' AND btrim(value)::numeric < 5373484.5 THEN
      RETURN to_timestamp((btrim(value)::double precision - 2440587.5) * 86400) AT TIME ZONE 'UTC';
    END IF;
    RETURN NULL;
  END IF;
  IF m[1] IS NULL AND m[4] IS NULL THEN RETURN NULL; END IF;
  IF m[2]::int NOT BETWEEN 1 AND 12 OR m[3]::int NOT BETWEEN 1 AND 31 OR m[4]::int > 24 OR m[5]::int > 59 OR m[6]::numeric >= 60 THEN RETURN NULL; END IF;
  IF m[8] IS NOT NULL THEN
    IF m[9]::int > 14 OR m[10]::int > 59 THEN RETURN NULL; END IF;
    shift := make_interval(hours => m[9]::int, mins => m[10]::int) * CASE m[8] WHEN '-' THEN -1 ELSE 1 END;
  END IF;
  RETURN make_timestamp(greatest(coalesce(m[1]::int, 2000), 1), coalesce(m[2]::int, 1), 1, 0, 0, 0)
    - CASE WHEN m[1]::int = 0 THEN INTERVAL '1 year' ELSE INTERVAL '0' END
    + make_interval(days => coalesce(m[3]::int, 1) - 1, hours => coalesce(m[4]::int, 0), mins => coalesce(m[5]::int, 0), secs => coalesce(m[6]::double precision, 0)) - shift;
END
$$
