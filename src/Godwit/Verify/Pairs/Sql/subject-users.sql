-- PostgreSQL 14-18, with GoTrue's auth.users of any age. The first thousand users: the sort that they are of, and the claims that their tokens carry. Columns came with time: to_jsonb reads what is there.
select u.id::text, coalesce(nullif(j ->> 'role', ''), 'authenticated') as role, concat_ws(' ', j ->> 'role', j -> 'raw_app_meta_data' ->> 'role', j ->> 'is_anonymous') as sort,
  jsonb_build_object('sub', u.id, 'role', coalesce(nullif(j ->> 'role', ''), 'authenticated'), 'aud', coalesce(j ->> 'aud', 'authenticated'), 'email', coalesce(j ->> 'email', ''), 'phone', coalesce(j ->> 'phone', ''),
    'app_metadata', coalesce(j -> 'raw_app_meta_data', '{}'), 'user_metadata', coalesce(j -> 'raw_user_meta_data', '{}'), 'is_anonymous', coalesce((j ->> 'is_anonymous')::boolean, false))::text as claims
from auth.users u, to_jsonb(u) j
where j ->> 'deleted_at' is null
order by u.id limit 1000
