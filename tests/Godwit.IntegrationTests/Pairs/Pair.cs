using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>
/// A source database made by SQL and an empty target, both PostgreSQL. Where pg_dump does not fit the test's server, the source is on a server
/// of its own, of the version that pg_dump has; roles are then made on both.
/// </summary>
internal sealed class Pair(TestDatabase source, TestDatabase target, PostgresFixture postgres, bool apart) : IAsyncDisposable
{
    private readonly List<string> _roles = [];

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public TestDatabase Source => source;
    public TestDatabase Target => target;
    public string SourceUrl => source.Url;

    public static async Task<Pair> CreateAsync(PostgresFixture postgres)
    {
        var admin = await postgres.SourceAdminAsync();
        var source = await postgres.CreateDatabaseAsync(admin);
        return new(source, await postgres.CreateDatabaseAsync(), postgres, admin != postgres.Admin);
    }

    /// <summary>One after the other, each in a transaction of its own.</summary>
    public Task SourceAsync(string sql) => ExecuteAsync(source, sql);

    public Task TargetAsync(string sql) => ExecuteAsync(target, sql);

    /// <summary>When nothing on the source's server is older than what the test has written: other tests' transactions make a run doubt whether rows were there at its moment.</summary>
    public async Task SettledAsync()
    {
        var end = (await source.QueryAsync("select pg_snapshot_xmax(pg_current_snapshot())"))[0];
        await source.WaitForAsync($"select pg_snapshot_xmin(pg_current_snapshot()) >= '{end}'::xid8", "t");
    }

    /// <summary>A role for this test alone, on both servers; dropped at the end.</summary>
    public async Task<string> RoleAsync(string name, string options = "")
    {
        var role = $"{source.Settings.Database}_{name}";
        _roles.Add(role);
        await PostgresFixture.ExecuteAsync(source.Settings, $"CREATE ROLE {SqlName.AlwaysQuote(role)} {options}");
        if (apart) await PostgresFixture.ExecuteAsync(target.Settings, $"CREATE ROLE {SqlName.AlwaysQuote(role)} {options}");
        return role;
    }

    public async Task<MigrationResult> MigrateAsync(MigrationOptions? options = null, Action<MigrationEvent>? on = null, CancellationToken? ct = null, string? from = null, string? to = null)
    {
        await using var opened = await EngineRegistry.OpenAsync(from ?? SourceUrl, Token);
        await using var there = await TargetDatabase.OpenAsync(to is null ? target.Settings : ConnectionSettings.Parse(to, _ => null), (options?.Jobs ?? 2) + 3, Token);
        return await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(opened, there, options ?? new MigrationOptions { Jobs = 2 }, null, new Listener(on), ct ?? Token);
    }

    public async Task<Godwit.Plan.MigrationPlan> PlanAsync(MigrationOptions? options = null)
    {
        await using var opened = await EngineRegistry.OpenAsync(SourceUrl, Token);
        await using var there = await target.OpenTargetAsync(5);
        return await new Migration(TimeProvider.System, NullLogger.Instance).PlanAsync(opened, there, options ?? new MigrationOptions(), new Listener(null), Token);
    }

    /// <summary>The whole database as pg_dump writes it, rows in an order of their own, without what differs from dump to dump.</summary>
    private static async Task<string[]> DumpAsync(ConnectionSettings settings, params string[] options)
    {
        var version = await new Question(settings).AskAsync("show server_version_num");
        var dump = await PgDump.FindAsync(Environment.GetEnvironmentVariable, int.Parse(version!, System.Globalization.CultureInfo.InvariantCulture) / 10000, Token);
        var result = await Tool.RunAsync([dump.Program, "--exclude-schema=godwit", "--no-password", .. options], "/", Token,
            ("PGHOST", settings.Host), ("PGPORT", $"{settings.Port}"), ("PGUSER", settings.User), ("PGDATABASE", settings.Database), ("PGPASSWORD", settings.Password ?? ""));
        Assert.True(result.ExitCode == 0, result.Error);
        return [.. result.Output.Split('\n').Where(l => !l.StartsWith("\\restrict", StringComparison.Ordinal) && !l.StartsWith("\\unrestrict", StringComparison.Ordinal) && !l.StartsWith("-- Dumped", StringComparison.Ordinal))];
    }

    /// <summary>
    /// Both databases hold the same: pg_dump says so, or, where there is none for the target's version, what both servers say alike of their
    /// catalogs and rows.
    /// </summary>
    public async Task AssertEqualAsync(params string[] options)
    {
        string[] expected, actual;
        if (apart)
        {
            var summary = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Cases", "nasty", "summary.sql"), Token);
            expected = [.. (await source.QueryAsync(summary)).OfType<string>(), .. await RowsAsync(source)];
            actual = [.. (await target.QueryAsync(summary)).OfType<string>(), .. await RowsAsync(target)];
        }
        else
        {
            expected = await DumpAsync(source.Settings, options);
            actual = await DumpAsync(target.Settings, options);
        }
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
    }

    // Rows of a table partitioned by the hash of an enum lie in other partitions on each server: their root counts.
    private static async Task<IEnumerable<string>> RowsAsync(TestDatabase database)
    {
        var queries = await database.QueryAsync("""
            SELECT format('SELECT %L || count(*) || '' '' || coalesce(sum(hashtextextended(x::text, 0)), 0) FROM %s x', c.oid::regclass || ' ', c.oid::regclass)
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relispopulated AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'godwit')
            """);
        var rows = new List<string>();
        foreach (var query in queries) rows.Add((await database.QueryAsync(query!))[0]!);
        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        await target.DisposeAsync();
        foreach (var role in _roles)
        {
            await PostgresFixture.ExecuteAsync(await postgres.SourceAdminAsync(), $"DROP ROLE {SqlName.AlwaysQuote(role)}");
            if (apart) await PostgresFixture.ExecuteAsync(postgres.Admin, $"DROP ROLE {SqlName.AlwaysQuote(role)}");
        }
    }

    private static async Task ExecuteAsync(TestDatabase database, string sql)
    {
        await using var connection = await database.ConnectAsync();
        foreach (var statement in SqlScript.Split(sql))
        {
            await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(statement) } };
            await batch.ExecuteNonQueryAsync(Token);
        }
    }

    private sealed class Listener(Action<MigrationEvent>? on) : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value) => on?.Invoke(value);
    }
}

/// <summary>One value of a server.</summary>
internal sealed class Question(ConnectionSettings settings)
{
    public async Task<string?> AskAsync(string sql)
    {
        await using var connection = await PostgresFixture.OpenAsync(settings);
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        return (string?)await command.ExecuteScalarAsync(Pair.Token);
    }
}
