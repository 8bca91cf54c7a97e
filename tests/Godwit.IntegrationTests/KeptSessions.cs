using System.Collections.Concurrent;
using System.Data.Common;
using Godwit.Target;
using Npgsql;

namespace Godwit.IntegrationTests;

/// <summary>
/// Asks and tells a database through sessions that are kept: making one costs a server more than most questions, and half of a test run's time went into it.
/// Each use sees what a new session would: the one before is reset, and one that the server ended, or whose database or role has got other settings since, is replaced.
/// </summary>
internal sealed class KeptSessions(ConnectionSettings settings) : IAsyncDisposable
{
    // What a session takes over once, when it begins.
    private const string Beginning = "select coalesce(string_agg(s::text, ' ' order by s::text), '') from pg_catalog.pg_db_role_setting s";

    private readonly ConcurrentBag<(NpgsqlConnection Connection, string Settings)> _idle = [];

    public Task ExecuteAsync(string sql) => UseAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>The first column of every row, as PostgreSQL prints it; NULL is null.</summary>
    public Task<List<string?>> QueryAsync(string sql) => UseAsync(connection => QueryAsync(connection, sql));

    public async ValueTask DisposeAsync()
    {
        while (_idle.TryTake(out var kept)) await kept.Connection.DisposeAsync();
    }

    // A session whose last use failed is not kept, nor one that cannot be reset: a transaction that was left open ends with it.
    private async Task<T> UseAsync<T>(Func<NpgsqlConnection, Task<T>> use)
    {
        var (connection, before) = await TakeAsync();
        try
        {
            var result = await use(connection);
            if (await IsResetAsync(connection)) _idle.Add((connection, before));
            else await connection.DisposeAsync();
            return result;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task<(NpgsqlConnection Connection, string Settings)> TakeAsync()
    {
        while (_idle.TryTake(out var kept))
        {
            if (await BeginningAsync(kept.Connection) == kept.Settings) return kept;
            await kept.Connection.DisposeAsync();
        }
        var connection = await PostgresFixture.OpenAsync(settings);
        return (connection, await BeginningAsync(connection) ?? "");
    }

    private static async Task<string?> BeginningAsync(NpgsqlConnection connection)
    {
        try
        {
            return (await QueryAsync(connection, Beginning))[0];
        }
        catch (DbException)
        {
            return null;
        }
    }

    private static async Task<bool> IsResetAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var command = new NpgsqlCommand("DISCARD ALL", connection);
            await command.ExecuteNonQueryAsync();
            return true;
        }
        catch (DbException)
        {
            return false;
        }
    }

    private static async Task<List<string?>> QueryAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var rows = await command.ExecuteReaderAsync();
        var values = new List<string?>();
        while (await rows.ReadAsync()) values.Add(await rows.IsDBNullAsync(0) ? null : rows.GetString(0));
        return values;
    }
}
