using System.Collections.Immutable;
using System.Diagnostics;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Tests.Engines.Sqlite;
using Godwit.TypeMapping;
using Xunit;

namespace Godwit.Tests.Fuzz;

/// <summary>Whatever is wrong with a file: an answer within five seconds, and no exception but Godwit's own.</summary>
public sealed class DamagedFileTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly string[] Statements =
    [
        "PRAGMA page_size = 1024",
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL DEFAULT 'x', b REAL CHECK (b > 0 OR b IS NULL), c BLOB, d AS (a || id), UNIQUE (a, b))",
        "CREATE TABLE w (k TEXT COLLATE NOCASE PRIMARY KEY, v INT REFERENCES t(id) ON DELETE CASCADE) WITHOUT ROWID",
        "CREATE INDEX i ON t (lower(a), b DESC) WHERE b IS NOT NULL",
        "CREATE VIEW v AS SELECT t.a, count(*) AS n FROM t JOIN w ON w.v = t.id GROUP BY t.a",
        "CREATE TRIGGER g AFTER INSERT ON t WHEN new.b > 1 BEGIN UPDATE t SET c = x'00' WHERE id = new.id; END",
        "CREATE VIRTUAL TABLE f USING fts5(body)",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 60) INSERT INTO t (a, b, c) SELECT 'row ' || x, x / 7.0, randomblob(x) FROM n",
        "INSERT INTO w SELECT 'key ' || id, id FROM t", "INSERT INTO f VALUES ('some words'), ('and more')",
    ];

    [Fact]
    public async Task Damaged_files_are_read_or_refused()
    {
        using var database = new TempDatabase(Statements);
        var whole = await File.ReadAllBytesAsync(database.File, TestContext.Current.CancellationToken);
        var refused = 0;
        var rounds = Mutation.Rounds(3000);
        for (var seed = 0; seed < rounds; seed++)
        {
            var file = Path.Combine(database.Folder, $"damaged{seed % 8}.db");
            await File.WriteAllBytesAsync(file, new Mutation(seed).Of(whole), TestContext.Current.CancellationToken);
            var began = Stopwatch.GetTimestamp();
            try
            {
                await PlanAsync(file);
            }
            catch (GodwitException)
            {
                refused++;
            }
            catch (Exception e) when (e is not OperationCanceledException || !TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"seed {seed} took {Stopwatch.GetElapsedTime(began)}");
        }
        // Both happen, else the damage was too great or too small to tell anything.
        Assert.InRange(refused, rounds / 20, rounds * 19 / 20);
    }

    private static async Task PlanAsync(string file)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limited.CancelAfter(Patience * 2);
        await using var source = await EngineRegistry.OpenAsync(file, limited.Token);
        await using var snapshot = await source.OpenSnapshotAsync(1, limited.Token);
        var schema = await snapshot.InspectAsync(limited.Token);
        var options = new MigrationOptions { Jobs = 1 };
        var profiles = await Profiling.ProfileAsync(snapshot, schema, TypePlanner.OptionsOf(options, schema, null), 1, 64 << 20, new Silence(), limited.Token);
        var plan = Planner.Plan(new()
        {
            Source = "fuzz", Position = snapshot.Position, Schema = schema, Profiles = profiles, Translator = source.Translator, TargetMajor = 15, Options = options,
        });
        Assert.Equal(MigrationPlan.CurrentFormat, PlanJson.Read(PlanJson.Write(plan)).Format);
        foreach (var table in plan.Tables)
        {
            var read = new TableRead(schema.FindTable(table.Source)!, [.. table.Columns.Select(c => new ColumnRead(c.Source, c.Encoding))], KeyRange.All);
            await foreach (var batch in snapshot.ReadAsync(read, limited.Token)) batch.Dispose();
        }
    }

    private sealed class Silence : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value) { }
    }
}
