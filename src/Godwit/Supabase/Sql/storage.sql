-- Supabase storage. Buckets with what their objects' metadata says of number and bytes.
select b.id, count(o.id), coalesce(sum((o.metadata ->> 'size')::numeric), 0)::bigint
from storage.buckets b left join storage.objects o on o.bucket_id = b.id
group by b.id order by b.id
