-- PostgreSQL 14-18. Every large object and the sum of the hashes of its pages; for superusers.
select m.oid, coalesce(sum(hash_record_extended(row(p.pageno, p.data), 0)), 0)
from pg_largeobject_metadata m left join pg_largeobject p on p.loid = m.oid
group by m.oid
