-- '+N months' of SQLite: a day that the month does not have is carried into the next one.
CREATE OR REPLACE FUNCTION {schema}.add_months(moment timestamp, months bigint) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT date_trunc('month', moment) + make_interval(months => months::int) + (moment - date_trunc('month', moment))
$$
