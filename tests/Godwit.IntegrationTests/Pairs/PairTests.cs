using Godwit.Engines.Postgres;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>What a pair of servers asks of a migration, good and bad.</summary>
public class PairTests(PostgresFixture postgres)
{
    /// <summary>A type and values of it that careless copies change.</summary>
    private static readonly (string Type, string Values)[] Types =
    [
        ("boolean", "true, false"), ("bytea", @"'\x00ff5c', ''"), ("\"char\"", "'a', ''"), ("name", "'a b'"), ("smallint", "-32768"), ("integer", "2147483647"), ("bigint", "-9223372036854775808"),
        ("text", @"E'\\N', E'\\.', '', E'\t\n\r', 'é😀'"), ("varchar(3)", "'ab '"), ("char(5)", "'ab'"), ("oid", "4294967295"), ("tid", "'(1,2)'"), ("xid8", "'5'"), ("json", "'{\"b\": 1.10,  \"a\":1, \"a\":2}'"),
        ("jsonb", "'{\"b\": 1.10, \"a\":[null]}', '1e400'"), ("jsonpath", "'$.a[*] ? (@ > 2)'"), ("point", "'(1,-0)'"), ("lseg", "'((0,0),(1,1e300))'"), ("path", "'[(0,0),(1,1)]'"), ("box", "'(1,2),(3,4)'"),
        ("polygon", "'((0,0),(1,0.1),(2,2))'"), ("line", "'{1,-1,0}'"), ("circle", "'<(1,2),3>'"), ("float4", "'-0', 'NaN', '1.1754944e-38', '0.1'"), ("float8", "'-0', '-Infinity', '5e-324', '0.1'"),
        ("money", "'-12.34'"), ("macaddr", "'08:00:2b:01:02:03'"), ("macaddr8", "'08:00:2b:01:02:03:04:05'"), ("inet", "'::ffff:1.2.3.4/96', '10.0.0.1'"), ("cidr", "'10.0.0.0/8'"),
        ("date", "'infinity', '4713-01-01 BC', '5874897-12-31'"), ("time", "'24:00', '00:00:00.000001'"), ("timetz", "'12:00:00.5+15:59'"), ("timestamp", "'-infinity', '294276-12-31 23:59:59.999999'"),
        ("timestamptz", "'infinity', '2024-03-31 02:30:00+02'"), ("interval", "'1 mon -2 days 03:00:00.5', '-178000000 years'"), ("bit(4)", "B'1010'"), ("varbit", "B'101'"), ("numeric", "'NaN', 1e100, '-Infinity', 0.10"),
        ("numeric(10,2)", "1.10"), ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"), ("pg_lsn", "'16/B374D848'"), ("tsvector", "'a:1A ''b c'':2'"), ("tsquery", "'a & !b <-> c:*'"), ("int4range", "'[1,5)', 'empty'"),
        ("numrange", "'(1.10,)'"), ("tstzrange", "'[2024-01-01,infinity)'"), ("int4multirange", "'{[1,3),[5,)}'"), ("text[]", "'{a,NULL,\"b,\"}', '[0:1][2:3]={{a,b},{c,d}}', '{}'"), ("numeric[]", "'{NaN,1.10}'"),
        ("mood", "'sad', 'very; ''happy'''"), ("mood[]", "'{sad}'"), ("word", "'AbC'"), ("small", "3"), ("public.pair", "ROW(1, 'sad', NULL)"), ("xml", "'<?xml version=\"1.0\" encoding=\"latin1\"?><a>&amp;</a>'"),
        ("regclass", "'pg_class', 'public.t0'"), ("public.hstore", "'k=>v'"), ("public.floats", "'[1,2]'"),
    ];

    [Fact]
    public async Task Values_of_every_type_arrive_as_they_are()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create extension citext; create extension hstore; create type mood as enum ('sad', 'very; ''happy'''); create domain word as citext; create domain small as smallint; create type pair as (a int, m mood, t text[]); create type floats as range (subtype = float8)");
        for (var i = 0; i < Types.Length; i++)
            await pair.SourceAsync($"create table t{i} (v {Types[i].Type}); insert into t{i} select v::{Types[i].Type} from unnest(ARRAY[{Types[i].Values}]::{(Types[i].Type.EndsWith("[]", StringComparison.Ordinal) ? "text" : Types[i].Type)}[]) v; insert into t{i} values (null)");

        var result = await pair.MigrateAsync();

        var formats = Types.Select((t, i) => (t.Type, result.Plan.Tables.Single(p => p.Source == $"public.t{i}").Format)).ToDictionary(t => t.Type, t => t.Format);
        Assert.Equal(["mood[]", "public.floats", "public.hstore", "public.pair", "regclass", "xml"], formats.Where(f => f.Value == RowFormat.Text).Select(f => f.Key).Order(StringComparer.Ordinal));
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Comparisons_without_a_place_for_a_schema_keep_their_operator()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            create schema ext; create extension citext schema ext; set search_path = public, ext;
            create table t (a citext, b citext, c boolean generated always as (a is distinct from b) stored); insert into t values ('X', 'x');
            create view v as select nullif(a, b) is null as n, case a when b then 1 else 0 end as k, c from t
            """);

        await pair.MigrateAsync();

        Assert.Equal(["(t,1,f)"], await pair.Source.QueryAsync("select v::text from v"));
        Assert.Equal(["(t,1,f)"], await pair.Target.QueryAsync("select v::text from v"));
        await pair.TargetAsync("insert into t values ('Y', 'y')");
        Assert.Equal(["(t,1,f)", "(t,1,f)"], await pair.Target.QueryAsync("select v::text from v"));
    }

    [Fact]
    public async Task Rows_under_a_broken_key_stay_and_the_key_is_left_out_and_named()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            create table t (id int, mail text constraint one_each unique); create table child (mail text references t (mail)); insert into t values (1, 'a@b');
            update pg_index set indisunique = false where indexrelid = 'one_each'::regclass
            """);
        await pair.SourceAsync("insert into t values (2, 'a@b'); update pg_index set indisunique = true where indexrelid = 'one_each'::regclass");

        var result = await pair.MigrateAsync();

        Assert.True(result.HasDifferences);
        var refused = result.Findings.Where(f => f.Code == "step-refused").ToList();
        Assert.Equal(["CONSTRAINT public.t one_each", "FK CONSTRAINT public.child child_mail_fkey"], refused.Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Contains("mail=a@b (2 rows)", refused.Single(f => f.Subject.StartsWith("CONSTRAINT", StringComparison.Ordinal)).Problem, StringComparison.Ordinal);
        Assert.Equal(["2"], await pair.Target.QueryAsync("select count(*) from t"));
    }

    [Fact]
    public async Task An_occupied_target_is_refused_and_replaced_when_asked()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create type color as enum ('red'); create table t (id int primary key, c color); insert into t values (1, 'red'); create view v as select * from t; create function f() returns int language sql as 'select 1'");
        await pair.TargetAsync("create type color as enum ('blue'); create table t (old color); create view v as select * from t; create function f() returns int language sql as 'select 2'; create table other (x int)");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync());
        Assert.Equal(("target-not-empty", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Equal(["f"], await pair.Target.QueryAsync("select exists (select from pg_namespace where nspname like 'godwit%')"));

        await pair.MigrateAsync(new() { Jobs = 2, IfExists = IfExists.Replace });

        Assert.Equal(["1"], await pair.Target.QueryAsync("select f()"));
        await pair.TargetAsync("drop table other");
        await pair.AssertEqualAsync();
    }

    [Theory]
    [InlineData("create view mine as select * from t", "view mine")]
    [InlineData("create table other (id int references t, c color)", "column c of table other", "on table other")]
    [InlineData("create function g(t) returns int language sql as 'select 1'", "function g(")]
    public async Task What_others_made_upon_what_is_to_be_replaced_is_named_and_stays(string made, params string[] named)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Same = "create type color as enum ('red'); create table t (id int primary key, c color); create view v as select * from t; create function f(t) returns color language sql as 'select $1.c'";
        await pair.SourceAsync(Same + "; insert into t values (1, 'red')");
        await pair.TargetAsync(Same);
        await pair.TargetAsync(made);

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(new() { Jobs = 2, IfExists = IfExists.Replace }));

        Assert.Equal(("target-has-dependents", ErrorKind.Blocked), (refused.Code, refused.Kind));
        foreach (var name in named) Assert.Contains(name, refused.Problem.Replace("public.", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("view v", refused.Problem.Replace("public.", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(["0"], await pair.Target.QueryAsync("select count(*) from v"));
    }

    [Theory]
    [InlineData("create table other (a int); create index t_pkey on other (a)", "public.t_pkey")]
    [InlineData("create table other (a int); create index t_c on other (a)", "public.t_c")]
    [InlineData("create type t as (a int)", "public.t")]
    [InlineData("create schema s; create domain s.d as int; create function f(int, s.d[]) returns text language sql as 'select null::text'", "function public.f(integer, s.d[])")]
    [InlineData("create procedure p(text) language sql as 'select 1'", "procedure public.p(text)")]
    [InlineData("create function own_count() returns text language sql as 'select null::text'; create aggregate total(*) (sfunc = int8inc, stype = int8, initcond = '5')", "aggregate public.total(*)")]
    public async Task A_name_that_something_of_another_kind_has_is_refused_before_anything_is_made(string made, string named)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            create table t (id int primary key, c int); create index t_c on t (c); create schema s; create domain s.d as int; create function f(int, s.d[]) returns int language sql as 'select 1';
            create procedure p(in a text) language sql as 'select 2'; create aggregate total(*) (sfunc = int8inc, stype = int8, initcond = '0')
            """);
        await pair.TargetAsync(made);

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync());

        Assert.Equal("target-not-empty", refused.Code);
        Assert.Contains(named, refused.Problem, StringComparison.Ordinal);
        Assert.Equal(["f"], await pair.Target.QueryAsync("select exists (select from pg_namespace where nspname like 'godwit%')"));
    }

    [Fact]
    public async Task A_table_of_the_applications_own_where_the_journal_goes_is_named_and_nothing_is_made()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int primary key)");
        await pair.TargetAsync("create schema godwit; create table godwit.run (id int, distance int)");
        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync());
        Assert.Equal(("target-journal-foreign", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Equal(["godwit.run"], await pair.Target.QueryAsync("select oid::regclass::text from pg_class where relkind = 'r' and relnamespace >= 16384 or relkind = 'r' and relnamespace = 'public'::regnamespace"));
    }

    [Theory]
    [InlineData("alter table t add constraint small check (n < 150)", "small", "the row id=a\tb 150.")]
    [InlineData("alter table t add constraint small unique (n)", "small", "the row id=a\tb 151.")]
    public async Task A_row_that_a_constraint_of_an_existing_table_refuses_is_named_by_its_key(string constraint, string named, string row)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Table = "create table t (n int, id text primary key, filler text)";
        await pair.SourceAsync(Table + "; insert into t select case i when 151 then 150 else i end, E'a\\tb ' || i, repeat('secret', 1000) from generate_series(1, 200) i");
        await pair.TargetAsync($"{Table}; {constraint}");
        var options = new MigrationOptions { Jobs = 2, DataOnly = true };

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(options));

        Assert.Equal("target-constraint-violated", refused.Code);
        Assert.Contains(named, refused.Problem, StringComparison.Ordinal);
        Assert.Contains(row, refused.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
        await pair.TargetAsync("alter table t drop constraint small");
        Assert.Equal(200, Assert.Single((await pair.MigrateAsync(options)).Tables).RowsWritten);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Keys_of_an_existing_target_are_looked_at_when_the_rows_are_there()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Tables = "create table u (id int primary key); create table t (id int primary key, u int constraint known references u, v int); create table part (id int, u int, primary key (id)) partition by range (id); create table part_1 partition of part for values from (0) to (100);";
        await pair.SourceAsync(Tables + "insert into u select generate_series(1, 10); insert into t select i, i, i + 8 from generate_series(1, 9) i; insert into part values (1, 1), (2, 11)");
        await pair.TargetAsync(Tables + "alter table t add constraint mine foreign key (v) references u; alter table t add constraint held foreign key (id) references u; alter table part add constraint whole foreign key (u) references u");

        var found = (await pair.MigrateAsync(new() { Jobs = 2, DataOnly = true })).Findings.Where(f => f.Code == "foreign-key-orphans").ToList();

        Assert.Equal(["CONSTRAINT public.part.whole", "CONSTRAINT public.t.mine"], found.Select(f => f.Subject).Order());
        Assert.Contains("7 row(s): id=3, v=11; id=4, v=12;", found.Single(f => f.Subject.EndsWith("mine", StringComparison.Ordinal)).Problem, StringComparison.Ordinal);
        Assert.Contains("1 row(s): id=2, u=11.", found.Single(f => f.Subject.EndsWith("whole", StringComparison.Ordinal)).Problem, StringComparison.Ordinal);
        Assert.Equal(["9"], await pair.Target.QueryAsync("select count(*) from t"));

        // The parents that the source has are not there.
        await pair.TargetAsync("set session_replication_role = replica; truncate u cascade; drop schema godwit cascade; insert into u select generate_series(1, 4)");
        found = [.. (await pair.MigrateAsync(new() { Jobs = 2, DataOnly = true, Include = ["public.t"] })).Findings.Where(f => f.Code == "foreign-key-orphans")];
        Assert.Equal(["CONSTRAINT public.t.held", "CONSTRAINT public.t.known", "CONSTRAINT public.t.mine"], found.Select(f => f.Subject).Order());
        Assert.Contains("5 row(s): id=5, u=5;", found.Single(f => f.Subject.EndsWith("known", StringComparison.Ordinal)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deferrable_keys_of_an_existing_target_are_looked_at_when_the_rows_are_there()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Tables = "create table t (id int primary key, a int, b text);";
        await pair.SourceAsync(Tables + "insert into t values (1, 1, 'x'), (2, 1, 'x'), (3, 2, 'x'), (4, null, 'x'), (5, null, 'x')");
        await pair.TargetAsync(Tables + "alter table t add constraint late unique (a) deferrable initially deferred, add constraint holds unique (id, b) deferrable, add constraint apart exclude using btree (a with =) deferrable");

        var found = (await pair.MigrateAsync(new() { DataOnly = true })).Findings.Where(f => f.Code == "unique-unchecked").ToList();

        Assert.Equal(["CONSTRAINT public.t.apart", "CONSTRAINT public.t.late"], found.Select(f => f.Subject));
        Assert.StartsWith("Whether rows break it is not known.", found[0].Problem, StringComparison.Ordinal);
        Assert.StartsWith("1 value(s) stand in more than one row: a=1 (2 rows).", found[1].Problem, StringComparison.Ordinal);
        Assert.Equal(["5"], await pair.Target.QueryAsync("select count(*) from t"));
        await pair.TargetAsync("delete from t where id = 2;" + found[1].Hint![found[1].Hint!.IndexOf("ALTER", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task Rows_without_a_parent_that_a_key_of_an_existing_table_refuses_are_named()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Table = "create table t (id int primary key, boss int)";
        await pair.SourceAsync(Table + "; insert into t select i, case when i % 50 = 0 then i + 1000 else nullif(i, 1) / 2 end from generate_series(1, 400) i");
        await pair.TargetAsync(Table + "; alter table t add constraint bosses foreign key (boss) references t");
        var settings = pair.Target.Settings;
        var role = await pair.RoleAsync("mover", "login password 'mover'");
        await pair.TargetAsync($"grant create on database \"{settings.Database}\" to \"{role}\"; alter table t owner to \"{role}\"");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(new() { Jobs = 2, DataOnly = true }, to: $"host={settings.Host} port={settings.Port} dbname={settings.Database} user={role} password=mover sslmode=disable"));

        Assert.Equal("target-constraint-violated", refused.Code);
        Assert.EndsWith("of the rows that were being loaded, 8 have no parent in public.t: id=50; id=100; id=150; id=200; id=250 and others.", refused.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sequence_that_may_not_be_read_goes_on_behind_the_rows_that_it_feeds()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var role = await pair.RoleAsync("blind", "LOGIN PASSWORD 'synthetic'");
        await pair.SourceAsync($"create table t (id int generated always as identity primary key, n int default 1); insert into t select from generate_series(1, 7); create table e (id serial primary key); create sequence s; select nextval('s'); grant select on t, e to \"{role}\"");

        var result = await pair.MigrateAsync(from: As(pair, role, "synthetic"));

        Assert.Equal(3, result.Findings.Count(f => f.Code == "sequence-unread"));
        Assert.Equal(["8"], await pair.Target.QueryAsync("insert into t default values returning id"));
        Assert.Equal(["1"], await pair.Target.QueryAsync("insert into e default values returning id"));
    }

    [Fact]
    public async Task What_needs_a_table_that_is_left_out_is_left_out_with_it()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table a (id serial primary key); create table b (id int primary key, a_id int references a); insert into a default values; insert into b values (1, 1); create view v as select * from a; create view w as select * from b; create materialized view m as select * from v; create function f(a) returns int language sql as 'select 1'; create publication p for table a, b; comment on table a is 'c'; alter table b replica identity full; create table p (i int) partition by list (i); create table p1 partition of p for values in (1); create table p2 partition of p for values in (2); insert into p values (1), (2)");
        var reader = await pair.RoleAsync("reader");
        await pair.SourceAsync($"grant select on a to {reader}");

        var result = await pair.MigrateAsync(new() { Jobs = 1, Exclude = ["a", "p1"], Verify = VerifyMode.Full });

        Assert.Equal((Verdict.Equal, ""), (result.Verification!.Verdict, string.Join("; ", result.Verification.Checks.Where(c => c.Verdict == Verdict.Different))));
        Assert.Equal(["public.b", "public.p2"], result.Verification.Tables.Where(c => c.Verdict == Verdict.Equal).Select(c => c.Table).Order(StringComparer.Ordinal));
        // Asked again later, the plan of the run tells.
        await using var source = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(5);
        Assert.Equal(Verdict.Equal, (await new Migration(TimeProvider.System, NullLogger.Instance).VerifyAsync(source, target, new() { Jobs = 1 }, VerifyMode.Full, [], new Progress<MigrationEvent>(), Pair.Token)).Verdict);

        Assert.Equal(["FK CONSTRAINT public.b b_a_id_fkey", "FUNCTION public.f(public.a)", "MATERIALIZED VIEW public.m", "VIEW public.v"], result.Findings.Where(f => f.Code == "left-out-with-table").Select(f => f.Subject).Order(StringComparer.Ordinal));
        Assert.Equal(["b", "p2", "w"], await pair.Target.QueryAsync("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'S') order by 1"));
    }

    [Fact]
    public async Task What_later_versions_spell_or_refuse_otherwise_arrives()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("""
            create schema year; create table year.t (json int, json_object text check (json_object <> ''), "order" int); insert into year.t values (1, 'x', 2); create index on year.t (json);
            create function year.json_value(int) returns int language sql as 'select 1'; create view year.v as select json, year.json_value(json) as j from year.t;
            create unlogged table u (a int) partition by list (a); create unlogged table u1 partition of u for values in (1); insert into u values (1)
            """);

        var result = await pair.MigrateAsync(new() { Jobs = 2, Verify = VerifyMode.Full });

        Assert.Equal((Verdict.Equal, ""), (result.Verification!.Verdict, string.Join("; ", result.Verification.Checks.Where(c => c.Verdict == Verdict.Different))));
        Assert.Equal(["u"], await pair.Target.QueryAsync("select relpersistence::text from pg_class where relname = 'u1'"));
    }

    [Fact]
    public async Task Rows_alone_go_into_tables_that_are_there()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        const string Tables = "create table a (id serial primary key, v text); create table b (id int primary key)";
        await pair.SourceAsync(Tables + "; insert into a (v) values ('x'), ('y'); insert into b values (5)");
        await pair.TargetAsync(Tables);

        await pair.MigrateAsync(new() { Jobs = 2, DataOnly = true });

        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task A_role_that_sees_a_part_of_the_rows_is_refused()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int); insert into t values (1); alter table t enable row level security");
        var role = await pair.RoleAsync("partial", "LOGIN PASSWORD 'synthetic'");
        await pair.SourceAsync($"grant select on t to \"{role}\"");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => pair.MigrateAsync(from: As(pair, role, "synthetic")));

        Assert.Equal(("source-row-security", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Equal(["0"], await pair.Target.QueryAsync("select count(*) from pg_class where relname = 't'"));
    }

    [Fact]
    public async Task Time_limits_of_the_role_do_not_end_a_run()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int); insert into t select generate_series(1, 50000)");
        var role = await pair.RoleAsync("hasty", "LOGIN SUPERUSER PASSWORD 'synthetic'");
        await pair.SourceAsync($"alter role \"{role}\" set statement_timeout = '2s'; alter role \"{role}\" set idle_in_transaction_session_timeout = '2s'; alter role \"{role}\" set default_transaction_read_only = on");

        await using (var source = (IPostgresSource)await EngineRegistry.OpenAsync(As(pair, role, "synthetic"), Pair.Token))
        await using (var session = await source.ConnectAsync(Pair.Token))
        await using (var show = new Npgsql.NpgsqlCommand("select string_agg(setting, ',') from pg_settings where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout')", session))
            Assert.Equal("0,0,0", await show.ExecuteScalarAsync(Pair.Token));

        await pair.MigrateAsync(from: As(pair, role, "synthetic"));

        Assert.Equal(["50000"], await pair.Target.QueryAsync("select count(*) from t"));
    }

    [Fact]
    public async Task Ends_that_cannot_be_reached_are_told_apart()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var role = await pair.RoleAsync("locked", "LOGIN PASSWORD 'synthetic'");
        async Task<string> CodeAsync(string url) => (await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync(url, Pair.Token))).Code;

        Assert.Equal("source-auth-failed", await CodeAsync(As(pair, role, "wrong")));
        Assert.Equal("source-tls-refused", await CodeAsync(pair.SourceUrl + (pair.SourceUrl.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "sslmode=require"));
        Assert.Equal("source-database-missing", await CodeAsync(pair.Source.Settings.WithDatabase("no_such_database").DisplayWithPassword));
        Assert.Equal("source-unreachable", await CodeAsync("postgres://nobody@127.0.0.1:1/none"));
        Assert.Equal("connection-string-invalid", await CodeAsync("postgres://host/db?no_such=1"));
    }

    [Fact]
    public async Task Missing_roles_are_findings_and_the_rest_arrives()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var role = await pair.RoleAsync("gone");
        await pair.SourceAsync($"create table t (id int); alter table t owner to \"{role}\"; grant select on t to \"{role}\"; create policy p on t to \"{role}\" using (true)");
        await using var opened = await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var snapshot = await opened.OpenSnapshotAsync(1, Pair.Token);
        var schema = await snapshot.InspectAsync(Pair.Token);
        await using var target = await pair.Target.OpenTargetAsync(2);
        var inventory = await TargetInventory.ReadAsync(target, Pair.Token);

        var plan = Planner.Plan(new()
        {
            Source = "s", Position = snapshot.Position, Schema = schema, Profiles = System.Collections.Immutable.ImmutableDictionary<string, TypeMapping.TableProfile>.Empty, Translator = opened.Translator, TargetMajor = 15,
            Options = new(), Inventory = inventory with { Roles = System.Collections.Frozen.FrozenSet.ToFrozenSet(inventory.Roles.Where(r => r != role)) },
        });

        Assert.NotEmpty(plan.Findings.Where(f => f.Code == "role-missing" && f.Subject == $"ROLE {role}"));
        Assert.DoesNotContain(plan.PreData, s => s.Sql.Contains(role, StringComparison.Ordinal));
        Assert.DoesNotContain(plan.PostData, s => s.Kind == StepKind.Grant && s.Sql.Contains(role, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dump_that_is_cut_anywhere_is_refused()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync("create table t (id int primary key); create view v as select 1 as x");
        await using var opened = (IPostgresSource)await EngineRegistry.OpenAsync(pair.SourceUrl, Pair.Token);
        await using var snapshot = (IPostgresSnapshot)await opened.OpenSnapshotAsync(1, Pair.Token);
        var program = await PgDump.FindAsync(Environment.GetEnvironmentVariable, int.Parse(opened.Info.Version.Split('.', ' ')[0], System.Globalization.CultureInfo.InvariantCulture), Pair.Token);
        var dump = await program.SchemaAsync(pair.Source.Settings, await snapshot.ExportedAsync(Pair.Token), Pair.Token);

        Assert.Contains(DumpArchive.Read(dump), e => e.Tag == "t");
        for (var length = 0; length < dump.Length - 1; length += 7)
            Assert.Equal("dump-unreadable", Assert.Throws<GodwitException>(() => DumpArchive.Read(dump.AsSpan(0, length))).Code);
    }

    [Fact]
    public async Task A_server_without_a_pg_dump_for_it_is_told()
    {
        var failure = await Assert.ThrowsAsync<GodwitException>(() => PgDump.FindAsync(_ => null, 99, Pair.Token));
        Assert.Equal(("pg-dump-missing", ErrorKind.Blocked), (failure.Code, failure.Kind));
        if (File.Exists("/usr/bin/apt-get")) Assert.Contains("postgresql-client-99", failure.Hint, StringComparison.Ordinal);
        // A later one than the server's own reads it too: of those, the earliest.
        var right = await PgDump.FindAsync(Environment.GetEnvironmentVariable, 10, Pair.Token);
        var found = await PgDump.FindAsync(name => name == "GODWIT_PG_DUMP" ? right.Program : null, 10, Pair.Token);
        Assert.Equal(right, found);
        Assert.Equal("pg-dump-missing", (await Assert.ThrowsAsync<GodwitException>(() => PgDump.FindAsync(name => name == "GODWIT_PG_DUMP" ? right.Program : null, right.Major + 1, Pair.Token))).Code);
    }

    private static string As(Pair pair, string role, string password) => pair.Source.Settings.With("user", role, "test").With("password", password, "test").DisplayWithPassword;
}
