-- GraphQL: the entrance that says the extension is off.
SET LOCAL ROLE supabase_admin;
GRANT USAGE ON SCHEMA graphql, graphql_public TO "{admin}", anon, authenticated, service_role;
CREATE FUNCTION graphql_public.graphql("operationName" text DEFAULT NULL, query text DEFAULT NULL, variables jsonb DEFAULT NULL, extensions jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  server_version float;
BEGIN
  server_version = (SELECT (SPLIT_PART((select version()), ' ', 2))::float);
  IF server_version >= 14 THEN
    RETURN jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('message', 'pg_graphql extension is not enabled.')));
  ELSE
    RETURN jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('message', 'pg_graphql is only available on projects running Postgres 14 onwards.')));
  END IF;
END
$$;
