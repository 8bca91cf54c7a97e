using Godwit.Plan;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>What roles may see and do where it depends on rows in quarantine: the cause is told by putting them back, and another cause is not taken for it.</summary>
public sealed class AsideBehaviourTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions s_options = new() { Jobs = 2, Misfits = MisfitPolicy.Quarantine };

    /// <summary>Policies and a view that reach the table people by functions alone: by name in a text, by a text put together, and by a body that the catalog knows.</summary>
    private static string Hidden(string role) => $"""
        CREATE TABLE makers (id int PRIMARY KEY); INSERT INTO makers VALUES (1); CREATE TABLE people (id int PRIMARY KEY, maker int CONSTRAINT people_maker REFERENCES makers ON DELETE CASCADE);
        CREATE TABLE named (person int PRIMARY KEY); CREATE TABLE built (person int PRIMARY KEY); CREATE TABLE known (person int PRIMARY KEY); CREATE TABLE apart (id int PRIMARY KEY);
        CREATE FUNCTION is_there(int) RETURNS bool LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$BEGIN RETURN EXISTS (SELECT FROM public.people WHERE id = $1); END$$;
        CREATE FUNCTION by_text(int) RETURNS bool LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$DECLARE found bool; BEGIN EXECUTE 'SELECT EXISTS (SELECT FROM public.peo' || 'ple WHERE id = $1)' INTO found USING $1; RETURN found; END$$;
        CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM public.people; END;
        CREATE POLICY p ON named USING (is_there(person)); CREATE POLICY p ON built USING (by_text(person)); CREATE VIEW counted AS SELECT how_many() AS n; CREATE POLICY p ON known USING (how_many() > person);
        ALTER TABLE named ENABLE ROW LEVEL SECURITY; ALTER TABLE built ENABLE ROW LEVEL SECURITY; ALTER TABLE known ENABLE ROW LEVEL SECURITY;
        GRANT SELECT, INSERT, UPDATE, DELETE ON makers, people, named, built, known, apart TO "{role}"; GRANT SELECT ON counted TO "{role}";
        INSERT INTO named VALUES (1), (2), (3); INSERT INTO built VALUES (1), (2), (3); INSERT INTO known VALUES (1), (2); INSERT INTO apart VALUES (1);
        """;

    private static IEnumerable<string> Cells(VerifyReport report, Verdict verdict) => report.Behaviour.Where(b => b.Verdict == verdict && (verdict != Verdict.Equal || b.Note is not null && b.Note.Contains("by these rows alone", StringComparison.Ordinal))).Select(b => $"{b.Relation} {b.Command}").Order(StringComparer.Ordinal);

    [Theory]
    [InlineData(BehaviourDepth.Read)]
    [InlineData(BehaviourDepth.Write)]
    public async Task What_differs_by_rows_in_quarantine_alone_is_told_and_what_differs_otherwise_is_a_difference(BehaviourDepth depth)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var role = await pair.RoleAsync("reader");
        await pair.SourceAsync(Hidden(role));
        await pair.SourceAsync("SET session_replication_role = replica; INSERT INTO people VALUES (1, 1), (2, 99), (3, 98)");
        await pair.MigrateAsync(s_options);
        BehaviourRequest trial = new(depth, [new("reader", role, null)]);

        var report = await AsideRowsTests.VerifyAsync(pair, VerifyMode.Full, trial);

        Assert.Empty(Cells(report, Verdict.Different));
        string[] read = ["public.built SELECT", "public.counted SELECT", "public.known SELECT", "public.named SELECT", "public.people SELECT"];
        Assert.Equal(read, Cells(report, Verdict.Equal).Where(c => c.EndsWith("SELECT", StringComparison.Ordinal)));
        if (depth == BehaviourDepth.Write) Assert.Subset(Cells(report, Verdict.Equal).ToHashSet(), new HashSet<string> { "public.named UPDATE", "public.built DELETE", "public.people DELETE" });
        // An UPDATE of a row that was just put there asks for its parent.
        Assert.Equal(depth == BehaviourDepth.Write ? ["public.people UPDATE"] : [], Cells(report, Verdict.NotChecked));
        Assert.Equal(Verdict.Equal, report.Verdict);
        // What was put back for the trial is not there.
        Assert.Equal(["1"], await pair.Target.QueryAsync("SELECT count(*) FROM people"));

        // Somebody lets everybody see everything: of a table that reads rows in quarantine, and of one that does not.
        await pair.TargetAsync($"ALTER TABLE named DISABLE ROW LEVEL SECURITY; REVOKE ALL ON apart FROM \"{role}\"; CREATE OR REPLACE FUNCTION by_text(int) RETURNS bool LANGUAGE sql AS 'SELECT false'");
        var changed = await AsideRowsTests.VerifyAsync(pair, VerifyMode.Full, trial);
        Assert.Equal(["public.apart SELECT", "public.built SELECT"], Cells(changed, Verdict.Different).Where(c => c.EndsWith("SELECT", StringComparison.Ordinal)));
        Assert.Equal(Verdict.Different, changed.Verdict);
    }

    [Fact]
    public async Task Where_the_rows_cannot_be_put_back_what_reads_them_is_not_checked_and_the_rest_is()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        var role = await pair.RoleAsync("reader");
        await pair.SourceAsync(Hidden(role) + "CREATE UNIQUE INDEX one_maker ON people (maker); CREATE TABLE logs (id int PRIMARY KEY); INSERT INTO logs VALUES (1); ALTER TABLE logs ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON logs USING (true); GRANT SELECT ON logs TO \"" + role + "\"");
        await pair.SourceAsync("UPDATE pg_index SET indisready = false WHERE indexrelid = 'one_maker'::regclass");
        await pair.SourceAsync("INSERT INTO people VALUES (1, 1), (2, 1), (3, 1)");
        await pair.SourceAsync("UPDATE pg_index SET indisready = true WHERE indexrelid = 'one_maker'::regclass");
        await pair.MigrateAsync(s_options);
        await pair.TargetAsync("ALTER POLICY p ON logs USING (false)");

        var report = await AsideRowsTests.VerifyAsync(pair, VerifyMode.Full, new(BehaviourDepth.Read, [new("reader", role, null)]));

        // A text that is put together is read by nobody: of it nothing is said but that it differs.
        Assert.Equal(["public.built SELECT", "public.logs SELECT"], Cells(report, Verdict.Different));
        Assert.Equal(["public.counted SELECT", "public.known SELECT", "public.named SELECT", "public.people SELECT"], Cells(report, Verdict.NotChecked));
        Assert.All(report.Behaviour.Where(b => b.Verdict == Verdict.NotChecked), b => Assert.Contains("public.people: SQLSTATE 23505", b.Note, StringComparison.Ordinal));
    }
}
