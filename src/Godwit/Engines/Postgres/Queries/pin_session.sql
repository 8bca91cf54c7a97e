-- PostgreSQL 14 to 18. Text output that means the same everywhere, every row or an error, and no time limit of the role or the database.
-- To compile what catalogs are asked takes longer than the answer.
SELECT set_config('DateStyle', 'ISO, YMD', false),
       set_config('TimeZone', 'UTC', false),
       set_config('IntervalStyle', 'postgres', false),
       set_config('extra_float_digits', '1', false),
       set_config('bytea_output', 'hex', false),
       set_config('standard_conforming_strings', 'on', false),
       set_config('search_path', 'pg_catalog', false),
       set_config('row_security', 'off', false),
       set_config('default_transaction_read_only', 'off', false),
       set_config('synchronize_seqscans', 'off', false),
       set_config('jit', 'off', false),
       set_config('statement_timeout', '0', false),
       set_config('lock_timeout', '0', false),
       set_config('idle_in_transaction_session_timeout', '0', false),
       set_config('idle_session_timeout', '0', false),
       CASE WHEN current_setting('server_version_num')::int >= 170000 THEN set_config('transaction_timeout', '0', false) END
