-- Settings of the database. The secret is the sample's own; nobody's tokens verify with it.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET search_path TO "$user", public, extensions', current_database());
  EXECUTE format('ALTER DATABASE %I SET "app.settings.jwt_secret" TO %L', current_database(), 'sample-secret-of-the-client-portal-not-a-real-one');
  EXECUTE format('ALTER DATABASE %I SET "app.settings.jwt_exp" TO %L', current_database(), '3600');
  EXECUTE format('ALTER ROLE authenticated IN DATABASE %I SET "app.settings.page_size" TO %L', current_database(), '50');
END
$$;
