-- Views of the back office and the client's pages.
SET LOCAL ROLE "{admin}";
SET LOCAL search_path = public, extensions;

CREATE VIEW public.active_groups AS SELECT id, name, kind, adviser_id, tags, onboarded_on FROM client_groups WHERE status = 'active';
CREATE VIEW public.group_owners AS SELECT g.id AS client_group_id, g.name AS client_group, o.id AS product_owner_id, o.display_name, o.email, l.display_order
  FROM client_groups g JOIN client_group_product_owners l ON l.client_group_id = g.id JOIN product_owners o ON o.id = l.product_owner_id;
CREATE VIEW public.group_products AS SELECT p.id, p.client_group_id, p.kind, p.name, v.name AS provider, p.status, p.monthly_fee, p.portfolio_id FROM products p JOIN providers v ON v.id = p.provider_id;
CREATE VIEW public.open_providers AS SELECT id, name, theme_colour FROM providers WHERE status = 'ACTIVE';
CREATE VIEW public.provider_labels AS SELECT p.id, provider_label(p) AS label FROM providers p;
CREATE VIEW public.latest_valuations AS SELECT DISTINCT ON (portfolio_fund_id) portfolio_fund_id, valued_on, valuation, units FROM valuations ORDER BY portfolio_fund_id, valued_on DESC, id DESC;
CREATE VIEW public.holding_values AS SELECT f.id, f.portfolio_id, u.isin, u.name AS fund, f.target_weighting, l.valuation, l.valued_on
  FROM portfolio_funds f JOIN funds u ON u.id = f.fund_id LEFT JOIN latest_valuations l ON l.portfolio_fund_id = f.id;
CREATE VIEW public.portfolio_values AS SELECT portfolio_id, sum(valuation) AS value, count(*) AS holdings, max(valued_on) AS valued_on FROM holding_values GROUP BY portfolio_id;
CREATE VIEW public.product_values AS SELECT p.id, p.client_group_id, p.name, v.value, v.valued_on FROM products p LEFT JOIN portfolio_values v ON v.portfolio_id = p.portfolio_id;
CREATE VIEW public.group_values AS SELECT g.id, g.name, coalesce(sum(v.value), 0) AS value FROM client_groups g LEFT JOIN product_values v ON v.client_group_id = g.id GROUP BY g.id;
CREATE VIEW public.latest_irr AS SELECT DISTINCT ON (portfolio_id) portfolio_id, irr_date, irr FROM portfolio_irr_values ORDER BY portfolio_id, irr_date DESC, id DESC;
CREATE VIEW public.irr_history AS SELECT portfolio_id, irr_date, irr, irr - lag(irr) OVER (PARTITION BY portfolio_id ORDER BY irr_date) AS change FROM portfolio_irr_values;
CREATE VIEW public.cash_flows AS SELECT portfolio_fund_id, date_trunc('month', happened_at)::date AS month,
    sum(CASE kind WHEN 'Withdrawal' THEN -amount WHEN 'FundSwitchOut' THEN -amount ELSE amount END) AS net FROM holding_activity_log GROUP BY 1, 2;
CREATE VIEW public.switches AS SELECT * FROM holding_activity_log WHERE kind IN ('FundSwitchIn', 'FundSwitchOut', 'Product Switch In', 'Product Switch Out');
CREATE VIEW public.fund_exposure AS SELECT fund_id, count(*) AS holdings, sum(amount_invested) AS invested, avg(target_weighting) AS weighting FROM portfolio_funds GROUP BY fund_id;
CREATE VIEW public.my_profile AS SELECT id, role, full_name, initials, preferences FROM profiles WHERE id = (SELECT auth.uid());
CREATE VIEW public.my_groups AS SELECT * FROM client_groups WHERE client_user_id = (SELECT auth.uid());
CREATE VIEW public.advisers AS SELECT id, full_name, email FROM profiles WHERE role = 'adviser';
CREATE VIEW public.present_now AS SELECT page, array_agg(user_id ORDER BY user_id) AS users, jsonb_agg(presence ORDER BY user_id) AS presences FROM page_presence GROUP BY page;
CREATE VIEW public.duplicate_owners AS SELECT lower(f_unaccent(surname)) AS surname, born_on, array_agg(id ORDER BY id) AS ids FROM product_owners GROUP BY 1, 2 HAVING count(*) > 1;
CREATE VIEW public.editable_groups WITH (security_barrier = true) AS SELECT id, name, notes, status FROM client_groups WHERE status <> 'closed' WITH LOCAL CHECK OPTION;
CREATE VIEW reporting.revenue AS SELECT p.client_group_id, sum(coalesce(p.fixed_fee, 0) + coalesce(v.value * p.percentage_fee / 100, 0)) AS revenue
  FROM public.products p LEFT JOIN public.portfolio_values v ON v.portfolio_id = p.portfolio_id GROUP BY p.client_group_id;
CREATE VIEW reporting.sign_ins AS SELECT u.id, u.email, u.last_sign_in_at, count(s.id) AS sessions FROM auth.users u LEFT JOIN auth.sessions s ON s.user_id = u.id GROUP BY u.id;
CREATE RECURSIVE VIEW reporting.portfolio_lineage (id, template_id, depth) AS
  SELECT id, template_id, 0 FROM public.portfolios WHERE template_id IS NULL
  UNION ALL SELECT p.id, p.template_id, l.depth + 1 FROM public.portfolios p JOIN portfolio_lineage l ON p.template_id = l.id;
ALTER VIEW reporting.portfolio_lineage SET (security_barrier = true);
COMMENT ON VIEW public.open_providers IS 'citext: ''Active'' equals ''ACTIVE''.';

CREATE MATERIALIZED VIEW public.company_totals AS SELECT v.name AS provider, p.kind, count(*) AS products, sum(p.fixed_fee) AS fees FROM products p JOIN providers v ON v.id = p.provider_id GROUP BY v.name, p.kind WITH NO DATA;
CREATE UNIQUE INDEX company_totals_key ON public.company_totals (provider, kind);
CREATE MATERIALIZED VIEW public.owner_index AS SELECT id, lower(f_unaccent(display_name)) AS words FROM product_owners WITH NO DATA;
CREATE INDEX owner_index_words ON public.owner_index (words text_pattern_ops);
-- Reads the one before it: the order of the refresh matters.
CREATE MATERIALIZED VIEW reporting.provider_ranking AS SELECT provider, sum(fees) AS fees, rank() OVER (ORDER BY sum(fees) DESC NULLS LAST, provider) AS place FROM public.company_totals GROUP BY provider WITH NO DATA;
REFRESH MATERIALIZED VIEW public.company_totals;
REFRESH MATERIALIZED VIEW public.owner_index;
REFRESH MATERIALIZED VIEW reporting.provider_ranking;
CREATE MATERIALIZED VIEW reporting.never_filled AS SELECT count(*) AS groups FROM public.client_groups WITH NO DATA;

DO $$
DECLARE
  v text;
BEGIN
  -- Since PostgreSQL 15 a view can ask with the rights of who asks.
  IF current_setting('server_version_num')::integer >= 150000 THEN
    FOREACH v IN ARRAY ARRAY['active_groups', 'group_owners', 'group_products', 'product_values', 'group_values', 'my_groups', 'cash_flows', 'switches'] LOOP
      EXECUTE format('ALTER VIEW public.%I SET (security_invoker = true)', v);
    END LOOP;
  END IF;
END
$$;
REVOKE ALL ON public.advisers, public.duplicate_owners, public.fund_exposure, public.company_totals, public.owner_index FROM anon, authenticated;
GRANT SELECT ON public.advisers TO authenticated;
