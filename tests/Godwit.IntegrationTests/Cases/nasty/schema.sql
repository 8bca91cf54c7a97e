-- One of each kind of object that a PostgreSQL database can hold, with names that break careless tools.
CREATE SCHEMA app AUTHORIZATION %P%_owner;
CREATE SCHEMA "Odd ""Schema""; drop";
CREATE SCHEMA ext;
COMMENT ON SCHEMA app IS 'the application''s; "own" schema -- really
second line';
CREATE EXTENSION citext SCHEMA ext;
CREATE EXTENSION hstore SCHEMA public;
CREATE EXTENSION pg_trgm SCHEMA ext;
CREATE EXTENSION postgres_fdw;
CREATE TYPE app.mood AS ENUM ('sad', 'o''k', 'very; happy');
CREATE TYPE app.pair AS (a int, b app.mood, c text[]);
CREATE TYPE app.floatrange AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN app.email AS ext.citext CHECK (VALUE OPERATOR(ext.~) '^[^@]+@[^@]+$');
CREATE DOMAIN app.positive AS numeric(12,2) DEFAULT 1 CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE COLLATION app.german (provider = icu, locale = 'de-DE');
CREATE SEQUENCE app.standalone INCREMENT BY -3 MINVALUE -1000 MAXVALUE 100 START 50 CACHE 5 CYCLE;
CREATE SEQUENCE app.untouched START 7;
SELECT nextval('app.standalone'), nextval('app.standalone');
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  -- Name: not_an_object; Type: TABLE; Schema: public; Owner: nobody
  NEW.touched := coalesce(NEW.touched, '2020-01-01 00:00:00+00');
  PERFORM $q$;$q$;
  RETURN NEW;
END $body$;
CREATE FUNCTION app.f_sum(a int, b int DEFAULT 2, VARIADIC c int[] DEFAULT '{}') RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 7 AS 'SELECT $1::bigint + $2';
CREATE FUNCTION app.f_atomic(x int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT x + 1; SELECT x + 2; END;
SET check_function_bodies = off;
CREATE FUNCTION app.later() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM app.people';
CREATE PROCEDURE app.proc(INOUT x int) LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, pg_temp AS $$ BEGIN x := x * 2; END $$;
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE FUNCTION app.mood_cmp(app.mood, app.mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text < $2::text';
CREATE OPERATOR app.<<< (LEFTARG = app.mood, RIGHTARG = app.mood, FUNCTION = app.mood_cmp);
CREATE FUNCTION app.int_to_mood(int) RETURNS app.mood LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN $1 = 0 THEN 'sad'::app.mood ELSE 'o''k'::app.mood END $$;
CREATE CAST (int AS app.mood) WITH FUNCTION app.int_to_mood(int) AS ASSIGNMENT;
CREATE TEXT SEARCH DICTIONARY app.plain (TEMPLATE = pg_catalog.simple, accept = true);
CREATE TEXT SEARCH CONFIGURATION app.conf (COPY = pg_catalog.english);
CREATE TABLE app.people (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10) PRIMARY KEY,
  mail app.email UNIQUE,
  "Full ""Name""" text COLLATE app.german NOT NULL DEFAULT 'x;''y',
  feeling app.mood DEFAULT 'sad',
  balance app.positive,
  tags text[] DEFAULT '{}',
  moods app.mood[],
  "both" app.pair,
  span app.floatrange,
  attributes public.hstore,
  document jsonb,
  raw json,
  photo bytea,
  touched timestamptz,
  boss bigint REFERENCES app.people (id) DEFERRABLE INITIALLY DEFERRED,
  total numeric GENERATED ALWAYS AS (balance * 2) STORED,
  CONSTRAINT sane CHECK (length("Full ""Name""") < 100),
  CONSTRAINT no_overlap EXCLUDE USING gist (span WITH &&)
);
ALTER TABLE app.people ALTER COLUMN photo SET STORAGE EXTERNAL;
ALTER TABLE app.people OWNER TO %P%_owner;
ALTER TABLE app.people ADD CONSTRAINT later_checked CHECK (id > 0) NOT VALID;
COMMENT ON TABLE app.people IS 'people;
-- Name: fake; Type: TABLE; Schema: -; Owner: -
''quoted''';
COMMENT ON COLUMN app.people."Full ""Name""" IS E'tab\there \\ backslash';
CREATE INDEX people_trgm ON app.people USING gin ("Full ""Name""" ext.gin_trgm_ops);
CREATE UNIQUE INDEX people_partial ON app.people (lower("Full ""Name"""), feeling DESC NULLS LAST) INCLUDE (balance) WHERE boss IS NULL;
CREATE STATISTICS app.people_stats (dependencies, mcv) ON feeling, boss FROM app.people;
ALTER TABLE app.people ALTER COLUMN boss SET STATISTICS 500;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE OF feeling ON app.people FOR EACH ROW WHEN (NEW.feeling IS DISTINCT FROM 'sad') EXECUTE FUNCTION app.touch();
ALTER TABLE app.people DISABLE TRIGGER touch;
CREATE TABLE public.items (
  item serial, owner_id bigint REFERENCES app.people ON DELETE CASCADE ON UPDATE SET NULL, kind char(3), price numeric, made date DEFAULT CURRENT_DATE, at time, dur interval,
  ip inet, net cidr, mac macaddr, uid uuid DEFAULT gen_random_uuid(), bits bit varying(9), fixed bit(4), box box, poly polygon, words tsvector, query tsquery, amount money, x xml,
  ratio float4, exact float8, flag boolean, small smallint, name_ name, obj regclass, proc regprocedure, lsn pg_lsn, ranges int4multirange, r daterange, "char" "char",
  PRIMARY KEY (item) INCLUDE (kind) WITH (fillfactor = 80));
CREATE RULE quiet AS ON DELETE TO public.items WHERE OLD.kind = 'zzz' DO INSTEAD NOTHING;
CREATE TABLE public.events (day date NOT NULL, region text NOT NULL, n int, payload text, PRIMARY KEY (day, region)) PARTITION BY RANGE (day);
CREATE TABLE public.events_2023 PARTITION OF public.events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01') PARTITION BY LIST (region);
CREATE TABLE public.events_2023_eu PARTITION OF public.events_2023 FOR VALUES IN ('eu', 'uk;''');
CREATE TABLE public.events_2023_rest PARTITION OF public.events_2023 DEFAULT;
CREATE TABLE public.events_default PARTITION OF public.events DEFAULT;
CREATE INDEX events_n ON public.events (n);
CREATE TABLE app.by_mood (m app.mood, v int) PARTITION BY HASH (m);
CREATE TABLE app.by_mood_0 PARTITION OF app.by_mood FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE app.by_mood_1 PARTITION OF app.by_mood FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE public.parent (a int NOT NULL, b text DEFAULT 'p');
CREATE TABLE public.child (c int, CHECK (a > 0)) INHERITS (public.parent);
CREATE TABLE public.no_key (line text, n int);
CREATE TABLE public.no_columns ();
CREATE UNLOGGED TABLE public.cache (k text PRIMARY KEY, v text) WITH (autovacuum_enabled = false);
CREATE TABLE "Odd ""Schema""; drop"."T;""x""
y" ("select" int, "a;b" text, "tab	in" int);
CREATE TABLE public.typed OF app.pair;
CREATE TABLE public.dropped (a int, gone text, b int); ALTER TABLE public.dropped DROP COLUMN gone;
CREATE VIEW app.adults WITH (security_barrier) AS SELECT id, "Full ""Name""" AS n, NULLIF(mail, 'x@y') AS mail FROM app.people WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW public.cyclic_a AS SELECT 1 AS x; CREATE VIEW public.cyclic_b AS SELECT * FROM public.cyclic_a; CREATE OR REPLACE VIEW public.cyclic_a AS SELECT 2 AS x;
CREATE RECURSIVE VIEW public.counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 5;
CREATE MATERIALIZED VIEW app.a_later AS SELECT 1 AS a, app.later() AS people;
CREATE MATERIALIZED VIEW app.summary AS SELECT feeling, count(*) AS n FROM app.people GROUP BY 1;
CREATE MATERIALIZED VIEW app.all_of_it AS SELECT sum(n) AS n FROM app.summary;
CREATE MATERIALIZED VIEW app.empty_yet AS SELECT 1 AS one WITH NO DATA;
CREATE UNIQUE INDEX summary_key ON app.summary (feeling);
CREATE FUNCTION app.on_view() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER instead INSTEAD OF UPDATE ON app.adults FOR EACH ROW EXECUTE FUNCTION app.on_view();
CREATE FUNCTION public.log_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''ddl''; END';
ALTER TABLE app.people ENABLE ROW LEVEL SECURITY; ALTER TABLE app.people FORCE ROW LEVEL SECURITY;
CREATE POLICY "mine; only" ON app.people AS RESTRICTIVE FOR SELECT TO %P%_reader, "%P%_ Odd;Role" USING (mail = 'a@b' AND feeling <> 'sad');
CREATE POLICY everything ON app.people USING (true) WITH CHECK (true);
GRANT USAGE ON SCHEMA app TO %P%_reader; GRANT SELECT ON ALL TABLES IN SCHEMA app TO %P%_reader; GRANT UPDATE (feeling, mail) ON app.people TO "%P%_ Odd;Role" WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION app.f_sum TO %P%_reader; REVOKE EXECUTE ON FUNCTION app.later FROM PUBLIC; GRANT USAGE ON SEQUENCE app.standalone TO %P%_reader; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON TYPE app.mood TO %P%_reader; GRANT %P%_owner TO %P%_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE %P%_owner IN SCHEMA app GRANT SELECT ON TABLES TO %P%_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE %P%_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'elsewhere.invalid', dbname 'x');
CREATE FOREIGN TABLE public.remote (id int OPTIONS (column_name 'ID'), v text) SERVER elsewhere OPTIONS (schema_name 's', table_name 't');
CREATE USER MAPPING FOR %P%_reader SERVER elsewhere OPTIONS (user 'u', password 'synthetic');
CREATE PUBLICATION pub FOR TABLE public.items (item, kind) WHERE (price > 0), TABLE public.no_key WITH (publish = 'insert');
CREATE PUBLICATION pub_all FOR TABLES IN SCHEMA app WITH (publish = 'insert');
ALTER TABLE public.no_key REPLICA IDENTITY FULL;
SELECT lo_from_bytea(77001, 'first large object'); SELECT lo_from_bytea(77002, decode(repeat('00ff', 400000), 'hex')); COMMENT ON LARGE OBJECT 77001 IS 'a picture'; GRANT SELECT ON LARGE OBJECT 77001 TO %P%_reader; ALTER LARGE OBJECT 77002 OWNER TO %P%_owner;
INSERT INTO app.people (mail, "Full ""Name""", feeling, balance, tags, moods, "both", span, attributes, document, raw, photo, touched)
  SELECT 'u' || i || '@x.org', E'N\t\\"' || i || E'\n', (ARRAY['sad', 'o''k', 'very; happy'])[1 + i % 3]::app.mood, i + 0.25, ARRAY['a,b', '"', NULL, '\'], ARRAY['sad']::app.mood[], ROW(i, 'o''k', '{x,NULL}')::app.pair,
    app.floatrange(i, i + 0.5), 'k=>"v;1", n=>NULL', '{"b":1.10,"a":[null]}', '{"b": 1.10,  "a":1, "a":2}', decode(md5(i::text), 'hex'), '2020-02-29 12:34:56.789012+02' FROM generate_series(1, 3000) i;
UPDATE app.people SET boss = 100 WHERE id > 5000;
INSERT INTO public.items (owner_id, kind, price, made, at, dur, ip, net, mac, bits, fixed, box, poly, words, query, amount, x, ratio, exact, flag, small, name_, obj, proc, lsn, ranges, r, "char")
  SELECT 100 + 10 * (i % 3000), (ARRAY['a', 'bc ', 'zzz'])[1 + i % 3], CASE i % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN 1e40 ELSE i / 7.0 END, CASE i % 4 WHEN 0 THEN 'infinity' WHEN 1 THEN '4713-01-01 BC' ELSE '2024-02-29' END::date, '24:00', '1 mon -2 days 03:00:00.5',
    '::ffff:1.2.3.4', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', B'1010', '(1,2),(3,4.5)', '((0,0),(1,1e300),(2,0))', to_tsvector('english', 'quick ''brown'' foxes ' || i), 'a & !b <-> c', 12.34, '<a>&amp;</a>',
    (ARRAY['-0', 'NaN', '1.1754944e-38', '0.1'])[1 + i % 4]::float4, (ARRAY['-0', 'Infinity', '0.1', '5e-324'])[1 + i % 4]::float8, i % 2 = 0, -i % 30000, 'n' || i, 'app.people', 'app.f_sum(int,int,int[])', '16/B374D848', '{[1,3),[5,)}', 'empty', 'c' FROM generate_series(1, 2500) i;
INSERT INTO public.events SELECT date '2022-12-20' + i, (ARRAY['eu', 'us', 'uk;'''])[1 + i % 3], i, repeat('p' || i, 50) FROM generate_series(1, 800) i;
INSERT INTO app.by_mood SELECT (ARRAY['sad', 'o''k', 'very; happy'])[1 + i % 3]::app.mood, i FROM generate_series(1, 300) i;
INSERT INTO public.parent VALUES (1, 'only parent'), (2, NULL); INSERT INTO public.child SELECT i, 'c' || i, i FROM generate_series(1, 100) i;
INSERT INTO public.no_key SELECT repeat(md5(i::text), 300), i FROM generate_series(1, 500) i; INSERT INTO public.no_columns SELECT FROM generate_series(1, 7);
INSERT INTO public.cache VALUES ('k', 'v'); INSERT INTO public.typed VALUES (1, 'sad', '{q}'); INSERT INTO public.dropped VALUES (1, 2);
INSERT INTO "Odd ""Schema""; drop"."T;""x""
y" VALUES (1, E'\\.', 2), (2, '\N', NULL);
DELETE FROM app.people WHERE id = 3000; VACUUM app.people;
REFRESH MATERIALIZED VIEW app.a_later; REFRESH MATERIALIZED VIEW app.summary; REFRESH MATERIALIZED VIEW app.all_of_it;
ALTER TABLE app.summary OWNER TO %P%_owner; ALTER VIEW app.adults OWNER TO %P%_owner; ALTER FUNCTION app.f_sum OWNER TO %P%_owner; ALTER TYPE app.mood OWNER TO %P%_owner;
CREATE EVENT TRIGGER log_it ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.log_ddl();
COMMENT ON EVENT TRIGGER log_it IS 'loud';
