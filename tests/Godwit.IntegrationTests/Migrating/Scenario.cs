using System.Collections.Immutable;
using Godwit.Source;
using Godwit.Target;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>A SQLite file made from SQL, an empty PostgreSQL database, and what a test asks of a migration between them.</summary>
internal sealed class Scenario(TestDatabase database, string folder) : IAsyncDisposable
{
    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public string File { get; } = Path.Combine(folder, "app.db");
    public TestDatabase Database => database;

    public static async Task<Scenario> CreateAsync(PostgresFixture postgres, string sql) => Of(await postgres.CreateDatabaseAsync(), sql);

    public static Scenario Of(TestDatabase database, string sql)
    {
        var scenario = new Scenario(database, Directory.CreateTempSubdirectory("godwit-scenario-").FullName);
        scenario.Source(sql);
        return scenario;
    }

    public void Source(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False;Foreign Keys=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public async Task<MigrationResult> MigrateAsync(MigrationOptions? options = null, Action<MigrationEvent>? on = null, CancellationToken? ct = null)
    {
        await using var source = await EngineRegistry.OpenAsync(File, Token);
        await using var target = await database.OpenTargetAsync((options?.Jobs ?? 2) + 3);
        return await new Migration(TimeProvider.System, NullLogger.Instance)
            .RunAsync(source, target, options ?? new MigrationOptions { Jobs = 2 }, null, new Listener(on), ct ?? Token);
    }

    public async Task<Godwit.Verify.VerifyReport> VerifyAsync()
    {
        await using var source = await EngineRegistry.OpenAsync(File, Token);
        await using var target = await database.OpenTargetAsync(5);
        return await new Migration(TimeProvider.System, NullLogger.Instance)
            .VerifyAsync(source, target, new MigrationOptions { Jobs = 2 }, VerifyMode.Full, [], new Listener(null), Token);
    }

    public async Task<T> AskAsync<T>(string sql)
    {
        await using var connection = await database.ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }

    /// <summary>The first value that the file answers with, as text.</summary>
    public string AskSource(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return $"{command.ExecuteScalar()}";
    }

    public async Task DoAsync(string sql)
    {
        await using var connection = await database.ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    public Task<long> TablesInPublicAsync() => AskAsync<long>("select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')");

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private sealed class Listener(Action<MigrationEvent>? on) : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value) => on?.Invoke(value);
    }
}
