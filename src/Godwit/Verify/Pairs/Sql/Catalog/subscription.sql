-- PostgreSQL 14-18. Subscriptions of this database.
select quote_ident(s.subname) as identity, null as "in", null as "of", array_to_string(s.subpublications, ', ') as publications, case when s.subenabled then 'enabled' else 'disabled' end as enabled
from pg_subscription s where s.subdbid = (select oid from pg_database where datname = current_database())
