-- What the holdings are worth, what was done with them, what they returned. Valuations are partitioned by year; the activity log has no key.
SET LOCAL ROLE "{admin}";

CREATE SEQUENCE public.valuations_id_seq;
CREATE TABLE public.valuations (
  id bigint NOT NULL DEFAULT nextval('public.valuations_id_seq'),
  portfolio_fund_id bigint NOT NULL,
  valued_on date NOT NULL,
  valuation numeric(18, 4) NOT NULL,
  units numeric,
  CONSTRAINT valuations_pkey PRIMARY KEY (id, valued_on)
) PARTITION BY RANGE (valued_on);
ALTER SEQUENCE public.valuations_id_seq OWNED BY public.valuations.id;
CREATE TABLE public.valuations_2021 PARTITION OF public.valuations FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE public.valuations_2022 PARTITION OF public.valuations FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE public.valuations_2023 PARTITION OF public.valuations FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE public.valuations_2024 PARTITION OF public.valuations FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE public.valuations_2025 PARTITION OF public.valuations FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE public.valuations_other PARTITION OF public.valuations DEFAULT;

CREATE TABLE public.holding_activity_log (
  portfolio_fund_id bigint NOT NULL,
  product_id bigint,
  kind public.activity_kind NOT NULL,
  happened_at timestamp without time zone NOT NULL,
  amount public.amount,
  market_value numeric,
  narrative text
);
COMMENT ON TABLE public.holding_activity_log IS 'No primary key: the import of the former system had none.';

CREATE TABLE public.portfolio_fund_irr_values (
  id bigserial PRIMARY KEY,
  portfolio_fund_id bigint NOT NULL,
  irr_date date NOT NULL,
  irr numeric NOT NULL,
  computed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT portfolio_fund_irr_unique UNIQUE (portfolio_fund_id, irr_date)
);
CREATE TABLE public.portfolio_irr_values (
  id bigserial PRIMARY KEY,
  portfolio_id bigint NOT NULL,
  irr_date date NOT NULL,
  irr numeric NOT NULL
);

CREATE TABLE public.audit_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor uuid,
  action text NOT NULL,
  entity text,
  before jsonb,
  after jsonb
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE public.audit_events REPLICA IDENTITY FULL;

CREATE TABLE public.audit_events_archive (archived_on date NOT NULL DEFAULT current_date) INHERITS (public.audit_events);
