-- The text that a blob's bytes spell; NULL where they are not UTF-8 or hold a NUL, which no text of PostgreSQL can.
CREATE OR REPLACE FUNCTION {schema}.blob_text(value bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN convert_from(value, 'UTF8');
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END
$$
