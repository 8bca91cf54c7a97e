using System.Collections.Immutable;
using Godwit.Cli;
using Godwit.Cutover;
using Godwit.Follow;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Supabase.Rls;
using Godwit.Target;
using Godwit.TypeMapping;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Npgsql;

namespace Godwit.Tests.Cli;

/// <summary>A library that answers from memory and remembers what it was asked.</summary>
internal sealed class FakeBackend : IBackend
{
    public string? SourceOpened { get; private set; }
    public string? TargetOpened { get; private set; }
    public MigrationOptions? Options { get; private set; }
    public MigrationPlan? PlanGiven { get; private set; }
    public VerifyMode? Mode { get; private set; }
    public bool Ran { get; private set; }
    public List<string> Calls { get; } = [];

    public MigrationPlan Plan { get; set; } = Sample.Plan();
    public MigrationResult Result { get; set; } = Sample.Result();
    public VerifyReport Report { get; set; } = Sample.Verified();
    public ImmutableArray<RunStatus> Runs { get; set; } = [];
    public GodwitException? SourceFails { get; set; }
    public GodwitException? TargetFails { get; set; }
    /// <summary>Called in the middle of a run, after its events.</summary>
    public Action? DuringRun { get; set; }
    public ImmutableArray<MigrationEvent> Events { get; set; } = [];

    public Task<ISource> OpenSourceAsync(string connection, IReadOnlyDictionary<string, string> environment, CancellationToken ct)
    {
        SourceOpened = connection;
        return SourceFails is { } failure ? throw failure : Task.FromResult<ISource>(new FakeSource());
    }

    public Task<ITarget> OpenTargetAsync(string connection, IReadOnlyDictionary<string, string> environment, int maxConnections, CancellationToken ct)
    {
        TargetOpened = connection;
        return TargetFails is { } failure ? throw failure : Task.FromResult<ITarget>(new FakeTarget());
    }

    public Task<MigrationPlan> PlanAsync(Job job, ISource source, ITarget? target, MigrationOptions options, CancellationToken ct)
    {
        Options = options;
        return Task.FromResult(Plan);
    }

    public Task<MigrationResult> RunAsync(Job job, ISource source, ITarget target, MigrationOptions options, MigrationPlan? plan, CancellationToken ct)
    {
        (Options, PlanGiven, Ran) = (options, plan, true);
        foreach (var happened in Events) job.Progress.Report(happened);
        DuringRun?.Invoke();
        ct.ThrowIfCancellationRequested();
        return Task.FromResult(Result);
    }

    public Task<VerifyReport> VerifyAsync(Job job, ISource source, ITarget target, MigrationOptions options, VerifyMode mode, IReadOnlyList<string> tables, CancellationToken ct)
    {
        Mode = mode;
        return Task.FromResult(Report);
    }

    /// <summary>What a comparison says after a repair; null: the same as before.</summary>
    public VerifyReport? ReportAfterRepair { get; set; }

    public PairRequest? Pair { get; private set; }

    public Task<VerifyReport> VerifyPairAsync(Job job, ITarget source, ITarget target, PairRequest request, CancellationToken ct)
    {
        (Pair, Mode) = (request, request.Mode);
        return Task.FromResult(Report);
    }

    public Task<ImmutableArray<RepairedTable>> RepairAsync(Job job, ISource source, ITarget target, MigrationOptions options, IReadOnlyList<string> tables, CancellationToken ct)
    {
        Calls.Add($"repair {string.Join(',', tables)}");
        Report = ReportAfterRepair ?? Report;
        return Task.FromResult<ImmutableArray<RepairedTable>>([.. tables.Select(t => new RepairedTable(t, 1, 2))]);
    }

    public Task<ImmutableArray<RepairedTable>> RepairPairAsync(Job job, ITarget source, ITarget target, IReadOnlyList<TableVerification> tables, CancellationToken ct) =>
        RepairAsync(job, null!, target, new(), [.. tables.Select(t => t.Target)], ct);

    public bool FollowUnderway { get; set; }

    public Task<bool> IsFollowUnderwayAsync(ISource source, ITarget target, MigrationOptions options, CancellationToken ct) => Task.FromResult(FollowUnderway);

    public Task<FollowResult> FollowAsync(Job job, ISource source, ITarget target, MigrationOptions options, bool untilCaughtUp, CancellationToken stop)
    {
        Calls.Add($"follow {untilCaughtUp}");
        job.Progress.Report(new MigrationEvent.Followed(7, 7, TimeSpan.Zero));
        return Task.FromResult(new FollowResult(7, TimeSpan.FromSeconds(1)));
    }

    public Task<CutoverResult> CutoverAsync(Job job, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> done, CancellationToken ct) => Switched("cutover", how, done);

    public Task<CutoverResult> RollbackAsync(Job job, ISource source, ITarget target, MigrationOptions options, SwitchOptions how, Action<StepTime> done, CancellationToken ct) => Switched("rollback", how, done);

    private Task<CutoverResult> Switched(string what, SwitchOptions how, Action<StepTime> done)
    {
        Calls.Add($"{what} {how.EnvFile} {string.Join(',', how.Env.Select(e => e.Key))} {how.OnSwitch} {how.Verify}");
        var step = new StepTime("fence", TimeSpan.FromMilliseconds(12), false);
        done(step);
        return Task.FromResult(new CutoverResult([step], TimeSpan.FromMilliseconds(345), null));
    }

    public Task FinishAsync(Job job, ISource source, ITarget target, MigrationOptions options, bool abandon, CancellationToken ct)
    {
        Calls.Add($"finish {abandon}");
        return Task.CompletedTask;
    }

    /// <summary>Of which rls plan, apply and test plan.</summary>
    public RlsFacts? RlsFacts { get; set; }
    public RlsOptions? RlsOptions { get; private set; }
    public ImmutableArray<RlsCell> RlsCells { get; set; } = [];

    public Task<RlsPlan> PlanRlsAsync(ITarget target, RlsOptions options, CancellationToken ct)
    {
        RlsOptions = options;
        return Task.FromResult(new RlsPlanner(RlsFacts!, options).Plan());
    }

    public Task ApplyRlsAsync(ITarget target, RlsPlan plan, CancellationToken ct)
    {
        Calls.Add("rls apply");
        return Task.CompletedTask;
    }

    public Task<RlsMatrix> TestRlsAsync(ITarget target, RlsPlan plan, CancellationToken ct) => Task.FromResult(new RlsMatrix(plan.Options.Schema, RlsCells));

    public Task<ImmutableArray<string>> WriteReportAsync(string folder, VerifyReport report, string source, string target, DateTimeOffset finished, CancellationToken ct) =>
        Task.FromResult<ImmutableArray<string>>([Path.Combine(folder, "verification.html"), Path.Combine(folder, "verification.json")]);

    public Task<ImmutableArray<string>> WriteReportAsync(string folder, MigrationResult result, CancellationToken ct) =>
        Task.FromResult<ImmutableArray<string>>([Path.Combine(folder, "index.html")]);

    public Task<ImmutableArray<RunStatus>> ReadStatusAsync(ITarget target, CancellationToken ct) => Task.FromResult(Runs);
}

internal sealed class FakeSource : ISource, ISnapshot
{
    public SourceInfo Info { get; } = new("SQLite", "app.db", "3.50.4", 1_000_000);
    public ISqlTranslator Translator => throw new NotSupportedException();
    public Position Position => new("1");
    public Task<ISnapshot> OpenSnapshotAsync(int readers, CancellationToken ct) => Task.FromResult<ISnapshot>(this);
    public Task<DatabaseSchema> InspectAsync(CancellationToken ct) => Task.FromResult(Sample.Schema());
    public Task<ImmutableArray<KeyRange>> PartitionAsync(Table table, int pieces, CancellationToken ct) => throw new NotSupportedException();
    public Task ScanAsync(Table table, ImmutableArray<string> columns, KeyRange range, IRowVisitor visitor, CancellationToken ct) => throw new NotSupportedException();
    public IAsyncEnumerable<RowBatch> ReadAsync(TableRead read, CancellationToken ct) => throw new NotSupportedException();
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

internal sealed class FakeTarget : ITarget
{
    public string Display => "postgres://app@db.example:5432/app";
    public TargetProfile Profile { get; } = Sample.Profile();
    public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) =>
        throw new GodwitException(ErrorKind.TargetTransient, "target-connection-lost", "the server went away");
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

internal static class Sample
{
    public static DatabaseSchema Schema() => new()
    {
        Name = "app.db",
        Tables = [Table("users", "id", "bio"), Table("internships", "id", "user_id", "notes")],
    };

    public static TargetProfile Profile() => new()
    {
        VersionNumber = 150018,
        Version = "15.18",
        Database = "app",
        Role = "app",
        CanCreateSchema = true,
        Encoding = "UTF8",
        Collation = "C.UTF-8",
        MaxConnections = 100,
    };

    public static MigrationPlan Plan(params Finding[] findings) => new()
    {
        Source = "app.db",
        SourcePosition = "1",
        TargetSchema = "public",
        LoadSchema = "godwit_load",
        PreData = [new("table users", StepKind.Table, "users", "CREATE TABLE godwit_load.users (id bigint)", "the table of the source", "DROP TABLE godwit_load.users")],
        Tables =
        [
            new()
            {
                Source = "users",
                Load = new("godwit_load", "users"),
                Target = new("public", "users"),
                Columns =
                [
                    new("id", "id", "INTEGER", "bigint", new(CellEncoding.Int8, Proven: true), Fidelity.Exact, "the key of the row"),
                    new("Born", "born", "VARCHAR(10)", "varchar(10)", new(CellEncoding.Text, Length: 10), Fidelity.Equivalent, "fits"),
                    new("pay", "pay", "DECIMAL(8,2)", "numeric(8,2)", new(CellEncoding.Numeric, Precision: 8, Scale: 2), Fidelity.Exact, "fits"),
                    new("at", "at", "DATETIME", "timestamptz", new(CellEncoding.TimestampTz), Fidelity.Equivalent, "offsets"),
                ],
                Key = ["id"],
                Rows = 1234,
                Bytes = 99_000,
                Chunks = [new(1, null, 600, 600), new(2, 601, null, 634)],
                ExpectedMisfits = 2,
            },
        ],
        PostData = [new("fk users_boss", StepKind.ForeignKey, "users.boss", "ALTER TABLE \"users\" ADD FOREIGN KEY (boss) REFERENCES users;", "said\nby the source") { Table = "users", Fallback = "… NOT VALID" }],
        Publish = [new("publish users", StepKind.Publish, "users", "ALTER TABLE godwit_load.users SET SCHEMA public", "move it")],
        Sequences = [new("users", "id", new("public", "users_id_seq"), "id", 1235)],
        Findings = [.. findings],
    };

    public static VerifyReport Verified(Verdict users = Verdict.Equal) => new()
    {
        Mode = VerifyMode.Full,
        SampleSeed = 7,
        Tables =
        [
            new()
            {
                Table = "users", Target = "public.users", Verdict = users, SourceRows = 1234, TargetRows = 1234, ValuesCompared = 4936,
                DifferentRows = users == Verdict.Different ? 1 : 0,
                Differences = users == Verdict.Different ? [new("id=42", "bio", "a", "b")] : [],
            },
            new() { Table = "internships", Target = "public.internships", Verdict = Verdict.Equal, SourceRows = 2_000_000, TargetRows = 2_000_000, ValuesCompared = 6_000_000 },
        ],
        Elapsed = TimeSpan.FromSeconds(1.5),
    };

    public static MigrationResult Result(VerifyReport? verification = null, long quarantined = 0, params Finding[] findings) => new()
    {
        RunId = Guid.Parse("0190b8a5-0000-7000-8000-000000000001"),
        Source = "app.db",
        Target = "postgres://app@db.example:5432/app",
        Started = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Elapsed = TimeSpan.FromSeconds(12.3),
        Stages = [new(Stage.Copy, TimeSpan.FromSeconds(9))],
        Plan = Plan(),
        Tables =
        [
            new("users", "public.users", 1234, 1234 - quarantined, quarantined, TimeSpan.FromSeconds(0.4)),
            new("internships", "public.internships", 2_000_000, 2_000_000, 0, TimeSpan.FromSeconds(8.2)),
        ],
        Findings = [.. findings],
        Verification = verification ?? Verified(),
    };

    private static Table Table(string name, params string[] columns) => new()
    {
        Name = name,
        Columns = [.. columns.Select(c => new Column { Name = c, DeclaredType = "TEXT" })],
    };
}
