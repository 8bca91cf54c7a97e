-- The realtime service: who listens to what, and the channel of broadcasts, partitioned by day.
SET LOCAL ROLE supabase_admin;
GRANT USAGE ON SCHEMA realtime TO "{admin}", anon, authenticated, service_role;
GRANT ALL ON SCHEMA realtime TO supabase_realtime_admin;

CREATE TYPE realtime.equality_op AS ENUM ('eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in');
CREATE TYPE realtime.action AS ENUM ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
CREATE TYPE realtime.user_defined_filter AS (column_name text, op realtime.equality_op, value text);

CREATE TABLE realtime.schema_migrations (version bigint NOT NULL PRIMARY KEY, inserted_at timestamp(0));
CREATE TABLE realtime.subscription (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_subscription PRIMARY KEY,
  subscription_id uuid NOT NULL,
  entity regclass NOT NULL,
  filters realtime.user_defined_filter[] NOT NULL DEFAULT '{}',
  claims jsonb NOT NULL,
  claims_role regrole,
  created_at timestamp NOT NULL DEFAULT timezone('utc', now())
);
CREATE INDEX ix_realtime_subscription_entity ON realtime.subscription (entity);

CREATE TABLE realtime.messages (
  topic text NOT NULL,
  extension text NOT NULL,
  payload jsonb,
  event text,
  private boolean DEFAULT false,
  updated_at timestamp NOT NULL DEFAULT now(),
  inserted_at timestamp NOT NULL DEFAULT now(),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  PRIMARY KEY (id, inserted_at)
) PARTITION BY RANGE (inserted_at);
ALTER TABLE realtime.messages OWNER TO supabase_realtime_admin;
CREATE TABLE realtime.messages_2025_06_29 PARTITION OF realtime.messages FOR VALUES FROM ('2025-06-29') TO ('2025-06-30');
CREATE TABLE realtime.messages_2025_06_30 PARTITION OF realtime.messages FOR VALUES FROM ('2025-06-30') TO ('2025-07-01');
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON realtime.messages TO "{admin}", anon, authenticated, service_role;

CREATE FUNCTION realtime.topic() RETURNS text LANGUAGE sql STABLE AS $$
  select nullif(current_setting('realtime.topic', true), '')::text;
$$;
CREATE FUNCTION realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT true) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO realtime.messages (payload, event, topic, private, extension) VALUES (payload, event, topic, private, 'broadcast');
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'WarnSendingMessage: %', SQLERRM;
END
$$;
INSERT INTO realtime.schema_migrations VALUES (20211116024918, '2023-02-01 10:00:00'), (20230228184745, '2023-03-05 10:00:00'), (20240321100241, '2024-04-01 10:00:00');

CREATE TABLE _realtime.tenants (
  id uuid NOT NULL PRIMARY KEY, name text, external_id text UNIQUE, jwt_secret text, max_concurrent_users integer NOT NULL DEFAULT 200,
  inserted_at timestamp(0) NOT NULL, updated_at timestamp(0) NOT NULL
);
