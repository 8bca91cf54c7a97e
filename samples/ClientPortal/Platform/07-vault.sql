-- Secrets, encrypted by a key that stays with the platform: the row alone is worth nothing elsewhere, the view shows it in the clear.
SET LOCAL ROLE supabase_admin;
GRANT USAGE ON SCHEMA vault TO "{admin}", service_role;

-- Stands for the server's root key, which no dump contains.
CREATE TABLE pgsodium.root_key (key bytea NOT NULL);
INSERT INTO pgsodium.root_key VALUES (sha256(convert_to(current_database() || ':root', 'UTF8')));
REVOKE ALL ON pgsodium.root_key FROM PUBLIC;

CREATE TABLE vault.secrets (
  id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
  name text,
  description text NOT NULL DEFAULT '',
  secret text NOT NULL,
  key_id uuid,
  nonce bytea DEFAULT uuid_send(gen_random_uuid()),
  created_at timestamptz NOT NULL DEFAULT current_timestamp,
  updated_at timestamptz NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE vault.secrets IS 'Table with encrypted `secret` column for storing sensitive information on disk.';
CREATE UNIQUE INDEX secrets_name_idx ON vault.secrets (name) WHERE name IS NOT NULL;

-- XOR with a key stream made of SHA-256 blocks. A stand-in for the platform's cipher that needs no extension; not for real secrets.
CREATE FUNCTION vault._crypt(message bytea, nonce bytea) RETURNS bytea LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  result bytea := message;
  block bytea;
  i integer;
BEGIN
  FOR i IN 0 .. length(message) - 1 LOOP
    IF i % 32 = 0 THEN
      SELECT sha256(k.key || nonce || int4send(i / 32)) INTO STRICT block FROM pgsodium.root_key k;
    END IF;
    result := set_byte(result, i, get_byte(message, i) # get_byte(block, i % 32));
  END LOOP;
  RETURN result;
END
$$;
REVOKE ALL ON FUNCTION vault._crypt(bytea, bytea) FROM PUBLIC;

CREATE VIEW vault.decrypted_secrets AS
  SELECT s.id, s.name, s.description, s.secret, convert_from(vault._crypt(decode(s.secret, 'base64'), s.nonce), 'UTF8') AS decrypted_secret,
    s.key_id, s.nonce, s.created_at, s.updated_at
  FROM vault.secrets s;

CREATE FUNCTION vault.create_secret(new_secret text, new_name text DEFAULT NULL, new_description text DEFAULT '', new_key_id uuid DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  rec record;
BEGIN
  INSERT INTO vault.secrets (secret, name, description) VALUES ('', new_name, new_description) RETURNING * INTO rec;
  UPDATE vault.secrets s SET secret = encode(vault._crypt(convert_to(new_secret, 'UTF8'), rec.nonce), 'base64') WHERE s.id = rec.id;
  RETURN rec.id;
END
$$;
CREATE FUNCTION vault.update_secret(secret_id uuid, new_secret text DEFAULT NULL, new_name text DEFAULT NULL, new_description text DEFAULT NULL, new_key_id uuid DEFAULT NULL)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE vault.secrets s
  SET secret = CASE WHEN new_secret IS NULL THEN s.secret ELSE encode(vault._crypt(convert_to(new_secret, 'UTF8'), s.nonce), 'base64') END,
    name = coalesce(new_name, s.name), description = coalesce(new_description, s.description), updated_at = now()
  WHERE s.id = secret_id;
END
$$;
REVOKE ALL ON FUNCTION vault.create_secret(text, text, text, uuid), vault.update_secret(uuid, text, text, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vault.create_secret(text, text, text, uuid), vault.update_secret(uuid, text, text, text, uuid), vault._crypt(bytea, bytea) TO "{admin}", service_role;
GRANT SELECT, DELETE, TRUNCATE, REFERENCES ON vault.secrets, vault.decrypted_secrets TO "{admin}" WITH GRANT OPTION;
GRANT SELECT, DELETE ON vault.secrets, vault.decrypted_secrets TO service_role;
