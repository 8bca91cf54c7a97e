-- PostgreSQL 14-18. Large objects by their whole content: for roles that may not read pg_largeobject, and where pages are cut otherwise. $1: these alone; null is all.
select m.oid, hash_record_extended(row(lo_get(m.oid)), 0)
from pg_largeobject_metadata m
where $1::oid[] is null or m.oid = any ($1::oid[])
