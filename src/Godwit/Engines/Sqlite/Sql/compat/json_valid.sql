-- json_valid of SQLite; PostgreSQL has IS JSON only from 16 on.
CREATE OR REPLACE FUNCTION {schema}.json_valid(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  PERFORM value::json;
  RETURN true;
EXCEPTION WHEN data_exception OR statement_too_complex THEN
  RETURN false;
END
$$
