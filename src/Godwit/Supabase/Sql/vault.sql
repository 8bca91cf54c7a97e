-- supabase_vault. Names only: values are read when they are carried, and by nothing else.
select s.id, coalesce(s.name, ''), coalesce(s.description, '') from vault.secrets s order by s.created_at, s.id
