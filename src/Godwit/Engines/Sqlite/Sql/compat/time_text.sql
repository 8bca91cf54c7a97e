-- to_char with pictures that hold numbers only, and so do not depend on any setting.
CREATE OR REPLACE FUNCTION {schema}.time_text(moment timestamp, picture text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT to_char(moment, picture)
$$
