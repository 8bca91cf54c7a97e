-- PostgreSQL 14-18. The run whose quarantine counts: the newest that was not given up.
select id from godwit.run where state <> 'abandoned' order by started desc limit 1
