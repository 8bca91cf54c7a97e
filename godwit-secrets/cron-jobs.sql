-- pg_cron jobs of the source. They run as the role that runs this file.
SELECT cron.schedule('refresh-totals', '*/15 * * * *', 'REFRESH MATERIALIZED VIEW CONCURRENTLY public.company_totals');
SELECT cron.schedule('sweep-presence', '0 3 * * *', 'DELETE FROM public.page_presence WHERE last_seen < now() - interval ''1 day''');
SELECT cron.schedule('weekly-report', '0 6 * * 1', 'SELECT net.http_post(''https://reports.example.com/weekly'', ''{"kind": "weekly"}'')');
-- switched off on the source:
-- SELECT cron.schedule('heartbeat', '30 seconds', 'SELECT 1');
