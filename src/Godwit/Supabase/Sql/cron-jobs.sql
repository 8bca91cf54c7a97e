-- pg_cron 1.3 and later; jobname came with 1.3, active with 1.1. Commands may hold secrets and are not read here, only what they call ($1 is the pattern).
select j.jobid, coalesce(to_jsonb(j) ->> 'jobname', ''), j.schedule, j.database, j.username, j.active,
       coalesce((select string_agg(distinct lower(f[1]) || '.' || lower(f[2]), ',') from regexp_matches(j.command, $1, 'gi') f), '')
from cron.job j
order by j.jobid
