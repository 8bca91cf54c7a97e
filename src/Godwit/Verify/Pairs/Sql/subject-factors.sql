-- PostgreSQL 14-18, with GoTrue's auth.mfa_factors. Users who have a second factor.
select distinct user_id::text from auth.mfa_factors where status = 'verified'
