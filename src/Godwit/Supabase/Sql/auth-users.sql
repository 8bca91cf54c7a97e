-- Supabase auth. How many users have which kind of password hash; no hash leaves the server.
select case when coalesce(encrypted_password, '') = '' then 'none'
            when encrypted_password ~ '^\$2[aby]\$' then 'bcrypt'
            when encrypted_password ~ '^\$argon2' then 'argon2'
            when encrypted_password like '$fbscrypt$%' then 'fbscrypt'
            when encrypted_password like '{%' then 'encrypted'
            else 'unknown' end,
       count(*)
from auth.users group by 1 order by 1
