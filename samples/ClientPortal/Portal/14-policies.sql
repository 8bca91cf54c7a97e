-- Row-level security: clients see their own group, advisers theirs, the back office all; changing money needs a second factor.
SET LOCAL ROLE "{admin}";

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['profiles', 'client_groups', 'product_owners', 'client_group_product_owners', 'page_presence', 'session_scratch', 'providers', 'funds', 'portfolios', 'portfolio_funds',
    'products', 'product_owner_products', 'documents', 'valuations', 'holding_activity_log', 'portfolio_fund_irr_values', 'portfolio_irr_values', 'audit_events', 'audit_events_archive'] LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', t);
  END LOOP;
END
$$;
ALTER TABLE public.documents FORCE ROW LEVEL SECURITY;

CREATE POLICY "own profile" ON public.profiles FOR SELECT TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY "staff see profiles" ON public.profiles FOR SELECT TO authenticated USING ((SELECT private.is_staff()));
CREATE POLICY "change own profile" ON public.profiles FOR UPDATE TO authenticated USING (id = (SELECT auth.uid())) WITH CHECK (id = (SELECT auth.uid()) AND role = (SELECT private.my_role()));
CREATE POLICY "administrators change profiles" ON public.profiles FOR ALL TO authenticated
  USING ((SELECT private.my_role()) = 'administrator' AND (SELECT private.has_second_factor())) WITH CHECK ((SELECT private.my_role()) = 'administrator');

CREATE POLICY "clients see their group" ON public.client_groups FOR SELECT TO authenticated USING (client_user_id = (SELECT auth.uid()));
CREATE POLICY "advisers see their groups" ON public.client_groups FOR SELECT TO authenticated USING (adviser_id = (SELECT auth.uid()));
CREATE POLICY "back office sees groups" ON public.client_groups FOR SELECT TO authenticated USING ((SELECT private.my_role()) IN ('compliance', 'administrator', 'paraplanner'));
CREATE POLICY "advisers change their groups" ON public.client_groups FOR UPDATE TO authenticated USING (adviser_id = (SELECT auth.uid())) WITH CHECK (adviser_id = (SELECT auth.uid()));
CREATE POLICY "advisers add groups" ON public.client_groups FOR INSERT TO authenticated WITH CHECK (adviser_id = (SELECT auth.uid()) AND (SELECT private.is_staff()));
CREATE POLICY "administrators delete groups" ON public.client_groups FOR DELETE TO authenticated USING ((SELECT private.my_role()) = 'administrator' AND (SELECT private.has_second_factor()));

CREATE POLICY "owners of visible groups" ON public.product_owners FOR SELECT TO authenticated
  USING (EXISTS (SELECT FROM public.client_group_product_owners l WHERE l.product_owner_id = product_owners.id AND private.can_see_group(l.client_group_id)));
CREATE POLICY "staff change owners" ON public.product_owners FOR ALL TO authenticated USING ((SELECT private.is_staff())) WITH CHECK ((SELECT private.is_staff()));
CREATE POLICY "links of visible groups" ON public.client_group_product_owners FOR SELECT TO authenticated USING (private.can_see_group(client_group_id));
CREATE POLICY "staff change links" ON public.client_group_product_owners FOR ALL TO authenticated USING ((SELECT private.is_staff()));

CREATE POLICY "presence is shared" ON public.page_presence FOR SELECT TO authenticated USING (true);
CREATE POLICY "own presence" ON public.page_presence FOR INSERT TO authenticated WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY "update own presence" ON public.page_presence FOR UPDATE TO authenticated USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY "leave a page" ON public.page_presence FOR DELETE TO authenticated USING (user_id = (SELECT auth.uid()));

CREATE POLICY "everybody sees open providers" ON public.providers FOR SELECT TO anon, authenticated USING (status = 'active');
CREATE POLICY "staff see providers" ON public.providers FOR SELECT TO authenticated USING ((SELECT private.is_staff()));
CREATE POLICY "everybody sees active funds" ON public.funds FOR SELECT USING (status = 'active');
CREATE POLICY "paraplanners change funds" ON public.funds FOR ALL TO authenticated USING ((SELECT private.my_role()) IN ('paraplanner', 'administrator'));

CREATE POLICY "portfolios of visible products" ON public.portfolios FOR SELECT TO authenticated USING (model OR private.can_see_portfolio(id));
CREATE POLICY "holdings of visible portfolios" ON public.portfolio_funds FOR SELECT TO authenticated USING (private.can_see_portfolio(portfolio_id));
CREATE POLICY "staff change holdings" ON public.portfolio_funds FOR UPDATE TO authenticated USING ((SELECT private.is_staff()) AND private.can_see_portfolio(portfolio_id));
CREATE POLICY "products of visible groups" ON public.products FOR SELECT TO authenticated USING (private.can_see_group(client_group_id));
CREATE POLICY "staff add products" ON public.products FOR INSERT TO authenticated WITH CHECK ((SELECT private.is_staff()) AND private.can_see_group(client_group_id));
CREATE POLICY "staff change products" ON public.products FOR UPDATE TO authenticated USING ((SELECT private.is_staff()) AND private.can_see_group(client_group_id));
CREATE POLICY "second factor to change products" ON public.products AS RESTRICTIVE FOR UPDATE TO authenticated USING ((SELECT private.has_second_factor()));
CREATE POLICY "shares of visible products" ON public.product_owner_products FOR SELECT TO authenticated
  USING (EXISTS (SELECT FROM public.products p WHERE p.id = product_id AND private.can_see_group(p.client_group_id)));

CREATE POLICY "documents of visible groups" ON public.documents FOR SELECT TO authenticated USING (private.can_see_group(client_group_id));
CREATE POLICY "clients add documents" ON public.documents FOR INSERT TO authenticated WITH CHECK (private.can_see_group(client_group_id));
CREATE POLICY "admin maintains documents" ON public.documents TO "{admin}", service_role USING (true) WITH CHECK (true);
CREATE POLICY "valuations of visible holdings" ON public.valuations FOR SELECT TO authenticated USING (private.can_see_holding(portfolio_fund_id));
CREATE POLICY "activity of visible holdings" ON public.holding_activity_log FOR SELECT TO authenticated USING (private.can_see_holding(portfolio_fund_id));
CREATE POLICY "staff add activity" ON public.holding_activity_log FOR INSERT TO authenticated WITH CHECK ((SELECT private.is_staff()) AND (SELECT private.has_second_factor()));
CREATE POLICY "irr of visible holdings" ON public.portfolio_fund_irr_values FOR SELECT TO authenticated USING (private.can_see_holding(portfolio_fund_id));
CREATE POLICY "irr of visible portfolios" ON public.portfolio_irr_values FOR SELECT TO authenticated USING (private.can_see_portfolio(portfolio_id));
CREATE POLICY "compliance reads the trail" ON public.audit_events FOR SELECT TO authenticated USING ((SELECT private.my_role()) = 'compliance' AND (SELECT private.has_second_factor()));

-- Granted to the column: nobody but the back office's service reads a national insurance number.
REVOKE ALL ON public.product_owners FROM anon, authenticated;
GRANT SELECT (id, firstname, surname, known_as, email, display_name, search, status, created_at), INSERT, DELETE ON public.product_owners TO authenticated;
GRANT UPDATE (known_as, email, status) ON public.product_owners TO authenticated;
REVOKE ALL ON public.audit_events, public.audit_events_archive, public.session_scratch FROM anon;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON public.audit_events, public.audit_events_archive FROM authenticated;
REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM anon, authenticated;
