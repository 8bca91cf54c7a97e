-- Buckets of the storage service; their files are rows of storage.objects.
SET LOCAL ROLE supabase_storage_admin;
INSERT INTO storage.buckets (id, name, public, file_size_limit, allowed_mime_types, created_at, updated_at) VALUES
  ('avatars', 'avatars', true, 1048576, '{image/png,image/jpeg}', '2023-02-02 08:00:00+00', '2023-02-02 08:00:00+00'),
  ('documents', 'documents', false, 52428800, NULL, '2023-02-02 08:00:00+00', '2023-02-02 08:00:00+00');
