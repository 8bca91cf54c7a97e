-- Made after the rows: one sort each instead of millions of insertions.
SET LOCAL ROLE "{admin}";

ALTER TABLE public.profiles ADD CONSTRAINT profiles_id_fkey FOREIGN KEY (id) REFERENCES auth.users ON DELETE CASCADE;
ALTER TABLE public.client_groups
  ADD CONSTRAINT client_groups_adviser_fkey FOREIGN KEY (adviser_id) REFERENCES public.profiles ON DELETE SET NULL,
  ADD CONSTRAINT client_groups_client_fkey FOREIGN KEY (client_user_id) REFERENCES auth.users ON DELETE SET NULL;
ALTER TABLE public.client_group_product_owners
  ADD CONSTRAINT cgpo_group_fkey FOREIGN KEY (client_group_id) REFERENCES public.client_groups ON DELETE CASCADE,
  ADD CONSTRAINT cgpo_owner_fkey FOREIGN KEY (product_owner_id) REFERENCES public.product_owners ON DELETE CASCADE;
ALTER TABLE public.page_presence ADD CONSTRAINT page_presence_user_fkey FOREIGN KEY (user_id) REFERENCES public.profiles ON DELETE CASCADE;
ALTER TABLE public.portfolios ADD CONSTRAINT portfolios_template_fkey FOREIGN KEY (template_id) REFERENCES public.portfolios;
ALTER TABLE public.portfolio_funds
  ADD CONSTRAINT portfolio_funds_portfolio_fkey FOREIGN KEY (portfolio_id) REFERENCES public.portfolios ON DELETE CASCADE,
  ADD CONSTRAINT portfolio_funds_fund_fkey FOREIGN KEY (fund_id) REFERENCES public.funds;
ALTER TABLE public.products
  ADD CONSTRAINT products_group_fkey FOREIGN KEY (client_group_id) REFERENCES public.client_groups ON DELETE CASCADE,
  ADD CONSTRAINT products_provider_fkey FOREIGN KEY (provider_id) REFERENCES public.providers,
  ADD CONSTRAINT products_portfolio_fkey FOREIGN KEY (portfolio_id) REFERENCES public.portfolios DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE public.product_owner_products
  ADD CONSTRAINT pop_product_fkey FOREIGN KEY (product_id) REFERENCES public.products ON DELETE CASCADE,
  ADD CONSTRAINT pop_owner_fkey FOREIGN KEY (product_owner_id) REFERENCES public.product_owners ON DELETE CASCADE;
ALTER TABLE public.documents ADD CONSTRAINT documents_group_fkey FOREIGN KEY (client_group_id) REFERENCES public.client_groups ON DELETE CASCADE;
ALTER TABLE public.valuations ADD CONSTRAINT valuations_holding_fkey FOREIGN KEY (portfolio_fund_id) REFERENCES public.portfolio_funds ON DELETE CASCADE;
ALTER TABLE public.portfolio_fund_irr_values ADD CONSTRAINT fund_irr_holding_fkey FOREIGN KEY (portfolio_fund_id) REFERENCES public.portfolio_funds ON DELETE CASCADE;
ALTER TABLE public.portfolio_irr_values ADD CONSTRAINT portfolio_irr_portfolio_fkey FOREIGN KEY (portfolio_id) REFERENCES public.portfolios ON DELETE CASCADE;
-- Some rows of the former system point nowhere; the constraint holds for new ones.
ALTER TABLE public.holding_activity_log ADD CONSTRAINT activity_holding_fkey FOREIGN KEY (portfolio_fund_id) REFERENCES public.portfolio_funds NOT VALID;

-- A check that reads another table: a dump that restores products before providers cannot load a row.
CREATE FUNCTION public.provider_is_open(provider smallint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM providers p WHERE p.id = provider AND p.status <> 'CLOSED')
$$;
ALTER TABLE public.products ADD CONSTRAINT products_provider_open CHECK (public.provider_is_open(provider_id));

CREATE INDEX client_groups_adviser_idx ON public.client_groups (adviser_id);
CREATE INDEX client_groups_client_idx ON public.client_groups (client_user_id) WHERE client_user_id IS NOT NULL;
CREATE INDEX client_groups_tags_idx ON public.client_groups USING gin (tags);
CREATE INDEX client_groups_search_idx ON public.client_groups (lower(public.f_unaccent(name)) text_pattern_ops);
CREATE INDEX client_groups_details_idx ON public.client_groups USING gin (details jsonb_path_ops);
CREATE INDEX product_owners_search_idx ON public.product_owners USING gin (search);
CREATE UNIQUE INDEX products_plan_number_idx ON public.products (provider_id, plan_number) WHERE plan_number IS NOT NULL AND status = 'active';
CREATE INDEX products_group_idx ON public.products (client_group_id) INCLUDE (status, portfolio_id);
CREATE INDEX portfolio_funds_portfolio_idx ON public.portfolio_funds (portfolio_id, fund_id);
CREATE INDEX documents_group_idx ON public.documents (client_group_id, created_at DESC NULLS LAST);
CREATE INDEX valuations_holding_idx ON public.valuations (portfolio_fund_id, valued_on DESC);
CREATE INDEX activity_holding_idx ON public.holding_activity_log (portfolio_fund_id, happened_at);
CREATE INDEX activity_when_idx ON public.holding_activity_log USING brin (happened_at);
CREATE INDEX page_presence_seen_idx ON public.page_presence USING btree (last_seen);
CREATE INDEX audit_events_actor_idx ON public.audit_events USING hash (actor);
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm') THEN
    CREATE INDEX product_owners_trgm_idx ON public.product_owners USING gin (surname extensions.gin_trgm_ops);
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'btree_gist') THEN
    ALTER TABLE public.portfolios ADD CONSTRAINT portfolios_model_periods EXCLUDE USING gist (name WITH OPERATOR(pg_catalog.=), held WITH OPERATOR(pg_catalog.&&)) WHERE (model);
  END IF;
END
$$;
CREATE STATISTICS public.products_kind_stats (dependencies, ndistinct) ON provider_id, kind FROM public.products;
ALTER TABLE public.valuations ALTER COLUMN portfolio_fund_id SET STATISTICS 500;
