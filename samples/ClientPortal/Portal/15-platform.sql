-- What the application leaves inside the platform's own schemas.
SET LOCAL ROLE "{admin}";

CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();
CREATE TRIGGER on_auth_user_changed AFTER UPDATE OF email, last_sign_in_at ON auth.users FOR EACH ROW
  WHEN (OLD.email IS DISTINCT FROM NEW.email OR OLD.last_sign_in_at IS DISTINCT FROM NEW.last_sign_in_at) EXECUTE FUNCTION public.handle_user_change();

CREATE TRIGGER tell_crm AFTER INSERT OR UPDATE ON public.client_groups FOR EACH ROW
  EXECUTE FUNCTION supabase_functions.http_request('https://crm.example.com/hooks/groups', 'POST', '{"Content-type":"application/json"}', '{}', '1000');
CREATE FUNCTION public.notify_new_document() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM net.http_post(url := 'https://mail.example.com/send', body := jsonb_build_object('document', NEW.id, 'title', NEW.title),
    headers := jsonb_build_object('Authorization', 'Bearer ' || (SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'mail_key')));
  RETURN NEW;
END
$$;
CREATE TRIGGER documents_notify AFTER INSERT ON public.documents FOR EACH ROW EXECUTE FUNCTION public.notify_new_document();

ALTER PUBLICATION supabase_realtime ADD TABLE public.page_presence, public.client_groups;
DO $$
BEGIN
  -- Column lists and row filters exist since PostgreSQL 15.
  IF current_setting('server_version_num')::integer >= 150000 THEN
    -- As a string: an older server reads the syntax of the branch that it does not take.
    EXECUTE $e$CREATE PUBLICATION warehouse FOR TABLE public.products (id, client_group_id, kind, status), TABLE public.funds WHERE (id > 0) WITH (publish = 'insert, update', publish_via_partition_root = true)$e$;
  ELSE
    CREATE PUBLICATION warehouse FOR TABLE public.products, public.funds WITH (publish = 'insert, update', publish_via_partition_root = true);
  END IF;
END
$$;
INSERT INTO supabase_migrations.schema_migrations VALUES
  ('20230110120000', '{"create table public.client_groups (id bigint)"}', 'groups'), ('20240206093000', ARRAY['alter table x', 'update y set z = ''q'''], 'more');

RESET ROLE;
-- The platform lets the admin do this; on a plain server a superuser does.
CREATE POLICY "avatars are public" ON storage.objects FOR SELECT USING (bucket_id = 'avatars');
CREATE POLICY "own avatar" ON storage.objects FOR INSERT TO authenticated WITH CHECK (bucket_id = 'avatars' AND (storage.foldername(name))[1] = (SELECT auth.uid())::text);
CREATE POLICY "replace own avatar" ON storage.objects FOR UPDATE TO authenticated USING (bucket_id = 'avatars' AND owner_id = (SELECT auth.uid())::text);
CREATE POLICY "documents of visible groups" ON storage.objects FOR SELECT TO authenticated
  USING (CASE WHEN bucket_id = 'documents' THEN private.can_see_group(((storage.foldername(name))[1])::bigint) ELSE false END);
CREATE POLICY "staff upload documents" ON storage.objects FOR INSERT TO authenticated WITH CHECK (bucket_id = 'documents' AND (SELECT private.is_staff()));
SET LOCAL ROLE supabase_admin;
INSERT INTO cron.job (jobid, schedule, command, jobname, username, nodeport, active) VALUES
  (nextval('cron.jobid_seq'), '*/15 * * * *', 'REFRESH MATERIALIZED VIEW CONCURRENTLY public.company_totals', 'refresh-totals', '{admin}', 5432, true),
  (nextval('cron.jobid_seq'), '0 3 * * *', $$DELETE FROM public.page_presence WHERE last_seen < now() - interval '1 day'$$, 'sweep-presence', '{admin}', 5432, true),
  (nextval('cron.jobid_seq'), '0 6 * * 1', $$SELECT net.http_post('https://reports.example.com/weekly', '{"kind": "weekly"}')$$, 'weekly-report', '{admin}', 5432, true),
  (nextval('cron.jobid_seq'), '30 seconds', 'SELECT 1', 'heartbeat', '{admin}', 5432, false);

INSERT INTO vault.secrets (id, name, description, secret, nonce, created_at, updated_at)
SELECT v.id::uuid, v.name, v.description, encode(vault._crypt(convert_to(v.secret, 'UTF8'), decode(v.nonce, 'hex')), 'base64'), decode(v.nonce, 'hex'), '2024-05-01 09:00:00+00', '2024-05-01 09:00:00+00'
FROM (VALUES
  ('6f0e1b7a-0000-4000-8000-000000000001', 'mail_key', 'Key of the mail service', 'sample-mail-key-4711', '00112233445566778899aabbccddeeff'),
  ('6f0e1b7a-0000-4000-8000-000000000002', 'crm_token', '', E'sample token, 2 lines:\nzwei mit Umlaut: äöü €', '102132435465768798a9bacbdcedfe0f'),
  ('6f0e1b7a-0000-4000-8000-000000000003', NULL, 'without a name', 'sample-anonymous', 'ffeeddccbbaa99887766554433221100')) AS v (id, name, description, secret, nonce);

CREATE POLICY "group channels" ON realtime.messages FOR SELECT TO authenticated USING (realtime.topic() LIKE 'group:%' AND (SELECT private.is_staff()));

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'postgres_fdw') THEN
    CREATE EXTENSION IF NOT EXISTS postgres_fdw SCHEMA extensions;
    CREATE SERVER former_ledger FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'ledger.old.example.com', dbname 'ledger', port '5432');
    ALTER SERVER former_ledger OWNER TO "{admin}";
    CREATE USER MAPPING FOR "{admin}" SERVER former_ledger OPTIONS (user 'reader', password 'sample-only');
    CREATE FOREIGN TABLE reporting.ledger (id bigint NOT NULL, booked_on date, amount numeric(18, 2)) SERVER former_ledger OPTIONS (schema_name 'public', table_name 'ledger');
    ALTER FOREIGN TABLE reporting.ledger OWNER TO "{admin}";
  END IF;
END
$$;
SELECT lo_from_bytea(424242, convert_to('A large object: the first report of all.', 'UTF8')) WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata WHERE oid = 424242);
ALTER LARGE OBJECT 424242 OWNER TO "{admin}";
COMMENT ON LARGE OBJECT 424242 IS 'first report';
