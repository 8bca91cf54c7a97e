-- Functions: what policies ask, what the API calls, and what triggers do.
SET LOCAL ROLE "{admin}";

CREATE FUNCTION private.my_role() RETURNS public.portal_role LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT p.role FROM public.profiles p WHERE p.id = auth.uid()
$$;
CREATE FUNCTION private.is_staff() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT coalesce(private.my_role() <> 'client', false)
$$;
CREATE FUNCTION private.has_second_factor() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(auth.jwt() ->> 'aal' = 'aal2', false)
$$;
CREATE FUNCTION private.can_see_group(wanted bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT EXISTS (SELECT FROM public.client_groups g WHERE g.id = wanted AND (g.client_user_id = auth.uid() OR g.adviser_id = auth.uid()))
    OR private.my_role() IN ('compliance', 'administrator', 'paraplanner')
$$;
CREATE FUNCTION private.can_see_portfolio(wanted bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT EXISTS (SELECT FROM public.products p WHERE p.portfolio_id = wanted AND private.can_see_group(p.client_group_id))
$$;
CREATE FUNCTION private.can_see_holding(wanted bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT EXISTS (SELECT FROM public.portfolio_funds f WHERE f.id = wanted AND private.can_see_portfolio(f.portfolio_id))
$$;

-- Finds a person by address. The comparison is citext's: without "extensions" in the path it would be text's, and miss 'ANN@...'.
CREATE FUNCTION public.find_owner(address text) RETURNS SETOF public.product_owners LANGUAGE sql STABLE AS $$
  SELECT * FROM product_owners WHERE email = address::citext
$$;
CREATE FUNCTION public.provider_label(provider public.providers) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE provider.status WHEN 'active' THEN provider.name::text WHEN 'closed' THEN provider.name::text || ' (closed)' ELSE coalesce(NULLIF(provider.status, 'UNKNOWN')::text, '?') END
$$;
CREATE FUNCTION public.group_value(wanted bigint, on_day date DEFAULT current_date) RETURNS numeric LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  total numeric;
BEGIN
  IF NOT private.can_see_group(wanted) AND coalesce(auth.role(), '') <> 'service_role' THEN
    RAISE EXCEPTION 'group % is not yours', wanted USING errcode = '42501';
  END IF;
  SELECT sum(latest.valuation) INTO total
  FROM products p JOIN portfolio_funds f ON f.portfolio_id = p.portfolio_id
  CROSS JOIN LATERAL (SELECT v.valuation FROM valuations v WHERE v.portfolio_fund_id = f.id AND v.valued_on <= on_day ORDER BY v.valued_on DESC LIMIT 1) latest
  WHERE p.client_group_id = wanted;
  RETURN coalesce(total, 0);
END
$$;
CREATE FUNCTION public.next_plan_number() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT 'PL-' || nextval('plan_number_seq') $$;
ALTER TABLE public.products ALTER COLUMN plan_number SET DEFAULT public.next_plan_number();
CREATE PROCEDURE public.close_group(wanted bigint) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.client_groups SET status = 'closed', updated_at = now() WHERE id = wanted;
  UPDATE public.products SET status = 'closed' WHERE client_group_id = wanted;
END
$$;
CREATE FUNCTION private.compound(state numeric, rate numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT state * (1 + rate) $$;
CREATE AGGREGATE public.compounded (numeric) (sfunc = private.compound, stype = numeric, initcond = '1');
CREATE OPERATOR public.<~> (leftarg = numeric, rightarg = numeric, function = private.compound);
CREATE CAST (text AS public.postal_address) WITH INOUT;

CREATE FUNCTION private.touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
CREATE TRIGGER client_groups_touch BEFORE UPDATE ON public.client_groups FOR EACH ROW EXECUTE FUNCTION private.touch_updated_at();
CREATE TRIGGER profiles_touch BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION private.touch_updated_at();

CREATE FUNCTION private.audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  INSERT INTO public.audit_events (actor, action, entity, before, after)
  VALUES (auth.uid(), TG_OP, TG_TABLE_NAME, CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
  RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER products_audit AFTER INSERT OR UPDATE OR DELETE ON public.products FOR EACH ROW EXECUTE FUNCTION private.audit();
-- citext again: a change of case alone is no change.
CREATE TRIGGER product_owners_email_changed AFTER UPDATE OF email ON public.product_owners FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION private.audit();
CREATE TRIGGER client_groups_disabled AFTER DELETE ON public.client_groups FOR EACH ROW EXECUTE FUNCTION private.audit();
ALTER TABLE public.client_groups DISABLE TRIGGER client_groups_disabled;
CREATE RULE keep_archive AS ON DELETE TO public.audit_events_archive DO INSTEAD NOTHING;

CREATE FUNCTION public.handle_new_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  INSERT INTO public.profiles (id, full_name, email)
  VALUES (NEW.id, coalesce(NEW.raw_user_meta_data ->> 'full_name', ''), nullif(NEW.email, ''));
  RETURN NEW;
END
$$;
CREATE FUNCTION public.handle_user_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  UPDATE public.profiles SET email = nullif(NEW.email, ''), last_seen_at = NEW.last_sign_in_at WHERE id = NEW.id;
  RETURN NEW;
END
$$;
REVOKE EXECUTE ON FUNCTION public.group_value(bigint, date) FROM PUBLIC, anon;
REVOKE ALL ON FUNCTION private.audit(), public.handle_new_user(), public.handle_user_change() FROM PUBLIC, anon, authenticated;
