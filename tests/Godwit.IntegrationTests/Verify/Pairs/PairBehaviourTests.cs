using System.Collections.Immutable;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Verify.Pairs;

/// <summary>Roles x tables x commands on both sides: what a policy, a grant or an operator changes is named; nothing that was tried stays.</summary>
public sealed class PairBehaviourTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly string _member = "member_" + Guid.NewGuid().ToString("N")[..8];
    private readonly string _guest = "guest_" + Guid.NewGuid().ToString("N")[..8];

    private string App => $$"""
        CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY, email text, role text, raw_app_meta_data jsonb, raw_user_meta_data jsonb);
        CREATE TABLE auth.mfa_factors (id uuid PRIMARY KEY, user_id uuid, status text);
        INSERT INTO auth.users SELECT md5(i::text)::uuid, 'u' || i || '@example.org', '{{_member}}', '{}', '{}' FROM generate_series(1, 3) i;
        INSERT INTO auth.mfa_factors VALUES (md5('f')::uuid, md5('2')::uuid, 'verified');
        CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $f$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $f$;
        CREATE FUNCTION auth.aal() RETURNS text LANGUAGE sql STABLE AS $f$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'aal' $f$;
        GRANT USAGE ON SCHEMA auth TO {{_member}}, {{_guest}};
        CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY, what text);
        CREATE TABLE notes (id int PRIMARY KEY, owner uuid REFERENCES auth.users, body text, secret text);
        INSERT INTO notes SELECT i, md5((i % 3 + 1)::text)::uuid, 'body ' || i, 's' FROM generate_series(1, 30) i;
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON notes TO {{_member}} USING (owner = auth.uid()) WITH CHECK (owner = auth.uid());
        CREATE POLICY strong ON notes AS RESTRICTIVE FOR DELETE TO {{_member}} USING (auth.aal() = 'aal2');
        GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO {{_member}}; GRANT SELECT (id, body) ON notes TO {{_guest}};
        CREATE POLICY look ON notes FOR SELECT TO {{_guest}} USING (id < 5);
        CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN INSERT INTO public.log (what) VALUES (TG_OP); RETURN NULL; END $f$;
        CREATE TRIGGER logged AFTER UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION logged();
        CREATE VIEW short WITH (security_barrier) AS SELECT id, left(body, 4) AS body FROM notes; GRANT SELECT ON short TO {{_guest}};
        CREATE TABLE outside (id int PRIMARY KEY); INSERT INTO outside VALUES (1); GRANT ALL ON outside TO {{_guest}};
        CREATE FUNCTION call() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM http_get('https://example.org'); RETURN NEW; END $f$;
        CREATE TRIGGER call BEFORE INSERT ON outside FOR EACH ROW EXECUTE FUNCTION call();
        CREATE VIEW dice AS SELECT random(); GRANT SELECT ON dice TO {{_guest}};
        """;

    public async ValueTask InitializeAsync() => await PostgresFixture.ExecuteAsync(postgres.Admin, $"CREATE ROLE {_member}; CREATE ROLE {_guest}");

    public async ValueTask DisposeAsync() => await PostgresFixture.ExecuteAsync(postgres.Admin, $"DROP ROLE {_member}; DROP ROLE {_guest}");

    private static PairRequest Request(BehaviourDepth depth, params ImmutableArray<BehaviourSubject> subjects) => new(VerifyMode.Counts, 1) { Behaviour = new(depth, subjects) };

    private static string Of(VerifyReport report, string subject, string relation, string command) =>
        report.Behaviour.Single(b => b.Subject.Contains(subject, StringComparison.Ordinal) && b.Relation == relation && b.Command == command).Source;

    [Fact]
    public async Task The_matrix_says_what_each_may_do_and_leaves_nothing_behind()
    {
        await using var pair = await Pair.OfAsync(postgres, App);
        var report = await pair.VerifyAsync(Request(BehaviourDepth.Write));
        Assert.Empty(report.Behaviour.Where(b => b.Verdict == Verdict.Different));
        // Users of one sort are tried twice at most; the one with a second factor with and without it; then the role without a user.
        Assert.Equal(5, report.Behaviour.Select(b => b.Subject).Distinct().Count());
        var second = await pair.Source.QueryAsync("SELECT md5('2')::uuid");
        Assert.Equal("10 rows", Of(report, $"{second[0]} (aal1)", "public.notes", "SELECT"));
        Assert.Equal("0 rows", Of(report, $"{second[0]} (aal1)", "public.notes", "DELETE"));
        Assert.NotEqual("0 rows", Of(report, $"{second[0]} (aal2)", "public.notes", "DELETE"));
        Assert.NotEqual("0 rows", Of(report, $"{second[0]} (aal1)", "public.notes", "UPDATE"));
        Assert.Contains("refused by a policy (42501)", Of(report, $"{second[0]} (aal1)", "public.notes", "INSERT"), StringComparison.Ordinal);
        Assert.Contains("admitted, the key exists", Of(report, $"{second[0]} (aal1)", "public.notes", "INSERT"), StringComparison.Ordinal);
        Assert.Equal("4 rows of id, body", Of(report, _guest, "public.notes", "SELECT"));
        Assert.Equal("30 rows", Of(report, _guest, "public.short", "SELECT"));
        Assert.Equal("refused: no privilege (42501)", Of(report, _guest, "public.notes", "DELETE"));
        Assert.Equal("not tried", Of(report, _guest, "public.outside", "INSERT"));
        Assert.Equal(Verdict.NotChecked, report.Behaviour.Single(b => b is { Relation: "public.dice" } && b.Subject == _guest).Verdict);
        // The triggers' rows are gone; the numbers that they took are not, and that is said.
        Assert.Equal(["0"], await pair.Source.QueryAsync("SELECT count(*) FROM log"));
        Assert.Equal(["30"], await pair.Target.QueryAsync("SELECT count(*) FROM notes"));
        Assert.Contains("public.log_id_seq of the source", report.Checks.Single(c => c.Name == "sequences").Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_policy_a_grant_or_a_function_changes_is_named()
    {
        (string Change, string Undo, string Command)[] mutations =
        [
            ($"ALTER POLICY own ON notes USING (true)", "ALTER POLICY own ON notes USING (owner = auth.uid())", "SELECT"),
            ($"ALTER POLICY own ON notes WITH CHECK (true)", "ALTER POLICY own ON notes WITH CHECK (owner = auth.uid())", "INSERT"),
            ($"ALTER POLICY strong ON notes USING (true)", "ALTER POLICY strong ON notes USING (auth.aal() = 'aal2')", "DELETE"),
            ($"REVOKE UPDATE ON notes FROM {_member}", $"GRANT UPDATE ON notes TO {_member}", "UPDATE"),
            ("UPDATE notes SET owner = md5('1')::uuid WHERE id = 7", "UPDATE notes SET owner = md5('2')::uuid WHERE id = 7", "SELECT"),
            ("CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $f$ SELECT NULL::uuid $f$", "", "SELECT"),
        ];
        await using var pair = await Pair.OfAsync(postgres, App);
        var user = (await pair.Source.QueryAsync("SELECT md5('1')::uuid"))[0]!;
        var request = Request(BehaviourDepth.Write, new BehaviourSubject("first", _member, $$"""{"sub": "{{user}}", "aal": "aal1"}"""), new BehaviourSubject("guest", _guest, null));
        foreach (var (change, undo, command) in mutations)
        {
            await pair.Target.ExecuteAsync(change);
            var report = await pair.VerifyAsync(request);
            Assert.True(report.Behaviour.Any(b => b is { Subject: "first", Relation: "public.notes", Verdict: Verdict.Different } && b.Command == command), $"{change}: {string.Join(" | ", report.Behaviour.Where(b => b.Relation == "public.notes"))}");
            Assert.Equal(Verdict.Different, report.Verdict);
            if (undo.Length > 0) await pair.Target.ExecuteAsync(undo);
        }
    }

    [Fact]
    public async Task Read_writes_nothing_and_a_missing_role_differs()
    {
        await using var pair = await Pair.OfAsync(postgres, App);
        var report = await pair.VerifyAsync(Request(BehaviourDepth.Read));
        Assert.All(report.Behaviour, b => Assert.Equal("SELECT", b.Command));
        Assert.Equal(Verdict.Equal, report.Checks.Single(c => c.Name == "behaviour").Verdict);
        report = await pair.VerifyAsync(Request(BehaviourDepth.Read, new BehaviourSubject("nobody", "no_such_role", null)));
        Assert.Equal(Verdict.Different, report.Checks.Single(c => c.Name == "behaviour of nobody").Verdict);
        Assert.Equal(Verdict.NotChecked, report.Checks.Single(c => c.Name == "behaviour").Verdict);
    }

    [Fact]
    public async Task A_table_whose_policy_is_slow_is_tried_in_part_with_a_key_or_without()
    {
        // Each row costs the policy a millisecond: the whole would take four seconds a user.
        await using var pair = await Pair.OfAsync(postgres, App + $$"""
            CREATE FUNCTION slowly(o uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $f$ BEGIN PERFORM pg_sleep(0.001); RETURN o = auth.uid(); END $f$;
            CREATE TABLE many (id int PRIMARY KEY, owner uuid, note text); INSERT INTO many SELECT i, md5((i % 3 + 1)::text)::uuid, 'n' || i FROM generate_series(1, 4000) i;
            CREATE TABLE keyless (owner uuid, at timestamptz, note text); INSERT INTO keyless SELECT owner, timestamptz '2024-01-01' + id * interval '1 s', note FROM many;
            ALTER TABLE many ENABLE ROW LEVEL SECURITY; ALTER TABLE keyless ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own ON many TO {{_member}} USING (slowly(owner)); CREATE POLICY own ON keyless TO {{_member}} USING (slowly(owner));
            GRANT ALL ON many, keyless TO {{_member}}
            """);
        var began = TimeProvider.System.GetTimestamp();
        var report = await pair.VerifyAsync(Request(BehaviourDepth.Write));
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60));
        var cells = report.Behaviour.Where(b => b.Relation is "public.many" or "public.keyless" && b.Subject.StartsWith(_member, StringComparison.Ordinal)).ToList();
        Assert.Equal(32, cells.Count);
        Assert.All(cells, c => Assert.Equal(Verdict.Equal, c.Verdict));
        Assert.Contains("rows that were tried", cells.First(c => c is { Relation: "public.keyless", Command: "SELECT" }).Note, StringComparison.Ordinal);
        await pair.Target.ExecuteAsync("ALTER POLICY own ON keyless USING (true); ALTER POLICY own ON many USING (false)");
        report = await pair.VerifyAsync(Request(BehaviourDepth.Read));
        foreach (var table in (string[])["public.many", "public.keyless"])
            Assert.Contains(report.Behaviour, b => b.Relation == table && b.Command == "SELECT" && b.Verdict == Verdict.Different);
    }

    [Fact]
    public async Task Of_an_empty_table_privileges_are_compared()
    {
        await using var pair = await Pair.OfAsync(postgres, App + $"CREATE TABLE bare (id int PRIMARY KEY, v text); GRANT INSERT, DELETE ON bare TO {_guest}; GRANT SELECT (id) ON bare TO {_guest}");
        var report = await pair.VerifyAsync(Request(BehaviourDepth.Write));
        Assert.Equal("0 rows", Of(report, _guest, "public.bare", "INSERT"));
        Assert.Contains("42501", Of(report, _guest, "public.bare", "UPDATE"), StringComparison.Ordinal);
        await pair.Target.ExecuteAsync($"REVOKE INSERT ON bare FROM {_guest}");
        report = await pair.VerifyAsync(Request(BehaviourDepth.Write));
        Assert.Contains(report.Behaviour, b => b is { Relation: "public.bare", Command: "INSERT", Verdict: Verdict.Different });
    }

    [Fact]
    public async Task A_write_that_meets_a_stand_in_is_as_announced_where_it_was_announced()
    {
        await using var pair = await Pair.OfAsync(postgres, App);
        await pair.Target.ExecuteAsync("CREATE OR REPLACE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION USING ERRCODE = 'feature_not_supported'; END $f$");
        var user = (await pair.Source.QueryAsync("SELECT md5('1')::uuid"))[0];
        var request = Request(BehaviourDepth.Write, new BehaviourSubject("user", _member, $$"""{"sub": "{{user}}", "aal": "aal1"}"""));
        BehaviourCell Update(VerifyReport report) => report.Behaviour.Single(b => b is { Relation: "public.notes", Command: "UPDATE" });
        Assert.Equal(Verdict.Different, Update(await pair.VerifyAsync(request)).Verdict);
        var announced = Update(await pair.VerifyAsync(request with { Promised = [new("function", "public.logged(*)", "stands in for a service that stays behind")] }));
        Assert.Equal((Verdict.NotChecked, "fails (0A000)"), (announced.Verdict, announced.Target));
        Assert.Contains("public.logged()", announced.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Which_of_two_keys_is_asked_first_is_no_difference()
    {
        await using var pair = await Pair.OfAsync(postgres, App + $"CREATE TABLE spans (id int, during int4range); INSERT INTO spans VALUES (1, '[1,5)'); GRANT ALL ON spans TO {_guest}");
        const string key = "ALTER TABLE spans ADD PRIMARY KEY (id)", exclusion = "ALTER TABLE spans ADD EXCLUDE USING gist (during WITH &&)";
        await pair.Source.ExecuteAsync($"{key}; {exclusion}");
        await pair.Target.ExecuteAsync($"{exclusion}; {key}");
        var report = await pair.VerifyAsync(Request(BehaviourDepth.Write));
        Assert.Equal(Verdict.Equal, report.Behaviour.Single(b => b.Subject == _guest && b is { Relation: "public.spans", Command: "INSERT" }).Verdict);
    }
}
