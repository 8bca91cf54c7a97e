-- PostgreSQL 14 to 18. What makes SQL and text output mean the same in every session, whatever the role's or the database's own settings.
SELECT set_config('DateStyle', 'ISO, YMD', false),
       set_config('TimeZone', 'UTC', false),
       set_config('IntervalStyle', 'iso_8601', false),
       set_config('extra_float_digits', '1', false),
       set_config('bytea_output', 'hex', false),
       set_config('standard_conforming_strings', 'on', false),
       set_config('search_path', 'pg_catalog', false),
       set_config('application_name', 'godwit', false),
       set_config('statement_timeout', '0', false),
       set_config('lock_timeout', '0', false),
       set_config('idle_in_transaction_session_timeout', '0', false),
       set_config('idle_session_timeout', '0', false),
       CASE WHEN current_setting('server_version_num')::int >= 170000 THEN set_config('transaction_timeout', '0', false) END
