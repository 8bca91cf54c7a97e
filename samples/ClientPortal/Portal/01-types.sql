-- Types of the portal: enums, domains, a composite; an accent-free search where the extension is there.
SET LOCAL ROLE "{admin}";
CREATE SCHEMA private;
COMMENT ON SCHEMA private IS 'Not exposed by the API: functions that policies call.';
GRANT USAGE ON SCHEMA private TO anon, authenticated, service_role;
CREATE SCHEMA reporting;
COMMENT ON SCHEMA reporting IS 'Read by the back office.';
GRANT USAGE ON SCHEMA reporting TO authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE "{admin}" IN SCHEMA reporting GRANT SELECT ON TABLES TO service_role;

CREATE TYPE public.portal_role AS ENUM ('client', 'adviser', 'paraplanner', 'compliance', 'administrator');
CREATE TYPE public.record_status AS ENUM ('active', 'inactive', 'dormant', 'closed');
CREATE TYPE public.product_kind AS ENUM ('ISA', 'GIA', 'SIPP', 'Bond', 'JISA', 'Offshore bond');
CREATE TYPE public.activity_kind AS ENUM ('Investment', 'RegularInvestment', 'GovernmentUplift', 'Withdrawal', 'FundSwitchIn', 'FundSwitchOut', 'Product Switch In', 'Product Switch Out');
ALTER TYPE public.activity_kind ADD VALUE IF NOT EXISTS 'AdviserFee' AFTER 'Withdrawal';

CREATE DOMAIN public.weighting AS numeric(7, 4) CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN public.amount AS numeric(18, 2);
CREATE DOMAIN public.email_address AS extensions.citext CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');
CREATE DOMAIN public.risk AS smallint DEFAULT 4 CHECK (VALUE BETWEEN 1 AND 7);
CREATE TYPE public.postal_address AS (line1 text, line2 text, town text, postcode text);
CREATE TYPE public.holding_period AS RANGE (subtype = date);
CREATE COLLATION public.names (provider = libc, locale = 'C');

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'unaccent') THEN
    CREATE FUNCTION public.f_unaccent(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
      $f$ SELECT extensions.unaccent('extensions.unaccent', $1) $f$;
  ELSE
    CREATE FUNCTION public.f_unaccent(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
      $f$ SELECT translate($1, 'áàâäéèêëíìîïóòôöúùûüç', 'aaaaeeeeiiiioooouuuuc') $f$;
  END IF;
END
$$;
