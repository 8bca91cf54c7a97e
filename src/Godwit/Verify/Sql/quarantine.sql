-- PostgreSQL 14-18. $1: the run; null: the one of the newest entry.
select source_table, position from godwit.quarantine
where run_id = coalesce($1::uuid, (select run_id from godwit.quarantine order by at desc limit 1))
