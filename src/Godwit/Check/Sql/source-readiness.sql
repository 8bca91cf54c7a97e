-- PostgreSQL 14 to 18. What the source's server has to spare: connections, of its own and of this role, and replication slots.
select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - (select count(*)::int from pg_stat_activity where backend_type = 'client backend'),
  r.rolconnlimit, (select count(*)::int from pg_stat_activity where usename = current_user and backend_type = 'client backend'),
  current_setting('wal_level'), current_setting('max_replication_slots')::int, (select count(*)::int from pg_replication_slots),
  current_setting('max_wal_senders')::int, (select count(*)::int from pg_stat_replication)
from pg_roles r where r.rolname = current_user
