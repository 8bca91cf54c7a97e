-- Jobs by the clock (pg_cron): the tables that its extension keeps, without the worker.
SET LOCAL ROLE supabase_admin;
GRANT USAGE ON SCHEMA cron TO "{admin}" WITH GRANT OPTION;
CREATE SEQUENCE cron.jobid_seq;
CREATE SEQUENCE cron.runid_seq;
CREATE TABLE cron.job (
  jobid bigint NOT NULL DEFAULT nextval('cron.jobid_seq') PRIMARY KEY,
  schedule text NOT NULL,
  command text NOT NULL,
  nodename text NOT NULL DEFAULT 'localhost',
  nodeport integer NOT NULL DEFAULT inet_server_port(),
  database text NOT NULL DEFAULT current_database(),
  username text NOT NULL DEFAULT current_user,
  active boolean NOT NULL DEFAULT true,
  jobname text,
  CONSTRAINT jobname_username_uniq UNIQUE (jobname, username)
);
CREATE TABLE cron.job_run_details (
  jobid bigint,
  runid bigint NOT NULL DEFAULT nextval('cron.runid_seq') PRIMARY KEY,
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE cron.job_run_details ENABLE ROW LEVEL SECURITY;
CREATE POLICY cron_job_policy ON cron.job USING (username = CURRENT_USER);
CREATE POLICY cron_job_run_details_policy ON cron.job_run_details USING (username = CURRENT_USER);
GRANT SELECT ON cron.job TO "{admin}";
GRANT SELECT, UPDATE, DELETE ON cron.job_run_details TO "{admin}";

CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = cron AS $$
  INSERT INTO cron.job (jobname, schedule, command, username) VALUES (job_name, schedule, command, session_user)
  ON CONFLICT (jobname, username) DO UPDATE SET schedule = EXCLUDED.schedule, command = EXCLUDED.command RETURNING jobid
$$;
CREATE FUNCTION cron.unschedule(job_name text) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = cron AS $$
  WITH gone AS (DELETE FROM cron.job WHERE jobname = job_name AND username = session_user RETURNING 1) SELECT EXISTS (SELECT FROM gone)
$$;
GRANT EXECUTE ON FUNCTION cron.schedule(text, text, text), cron.unschedule(text) TO "{admin}";
