-- Supabase storage. One row a file; version names the file in a self-hosted service's folder.
select o.bucket_id, o.name, coalesce(o.version, ''), (o.metadata ->> 'size')::bigint, o.updated_at
from storage.objects o
where o.name is not null and o.name not like '%/.emptyFolderPlaceholder' and o.name <> '.emptyFolderPlaceholder'
order by o.bucket_id, o.name
