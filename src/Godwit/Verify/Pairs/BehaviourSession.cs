using System.Globalization;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>What came of a command: words for the report, and a digest where more than words has to be equal.</summary>
internal readonly record struct Outcome(string Words, Int128 Digest, bool Unsure = false)
{
    public static readonly Outcome TooSlow = new("took too long", 0, Unsure: true);
    public static readonly Outcome NotTried = new("not tried", 0);

    public static Outcome Refused(PostgresException e) => e.SqlState switch
    {
        // Both are 42501; where the server raised it tells them apart, whatever language its messages have.
        "42501" when e.Routine == "ExecWithCheckOptions" => new("refused by a policy (42501)", 0),
        "42501" => new("refused: no privilege (42501)", 0),
        "57014" => TooSlow,
        "55P03" => new("a row or table is locked", 0, Unsure: true),
        "40001" or "40P01" => new("another transaction was in the way", 0, Unsure: true),
        var state => new($"fails ({state})", 0),
    };
}

/// <summary>
/// How long one trial may take. A policy that calls a function is asked about every row: roles x tables would take hours where a table is large, and some rows
/// tell the same.
/// </summary>
internal static class BehaviourLimits
{
    /// <summary>Of reading a whole table or view: beyond it, some of its rows are tried.</summary>
    public static readonly TimeSpan Whole = TimeSpan.FromMilliseconds(400);
    /// <summary>Of looking for rows that the subject itself sees.</summary>
    public static readonly TimeSpan OwnRows = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan Some = TimeSpan.FromSeconds(5);
    /// <summary>Of one write. Deletions may cascade, and triggers may do anything.</summary>
    public static readonly TimeSpan Write = TimeSpan.FromSeconds(3);
    /// <summary>Subjects for whom a table took too long before it is read in part at once for the others.</summary>
    public const int Tries = 2;
}

/// <summary>
/// One role with its claims on one side: a transaction that is always rolled back, each command in a savepoint of its own. It sees the moment of
/// the comparison.
/// </summary>
internal sealed class BehaviourSession : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private BehaviourSession(NpgsqlConnection connection) => _connection = connection;

    /// <summary><paramref name="before"/>: what is done in the transaction before it becomes the subject's.</summary>
    /// <exception cref="PostgresException">The connection's role may not become this one, or it does not exist.</exception>
    public static async Task<BehaviourSession> OpenAsync(PairSide side, BehaviourSubject subject, bool writing, Func<NpgsqlConnection, Task>? before, CancellationToken ct)
    {
        var connection = await side.ConnectAsync(writing, ct);
        try
        {
            if (before is not null) await before(connection);
            // As PostgREST prepares a request: claims as settings of the transaction, then the role.
            await PairSide.ExecuteAsync(connection, $"SET LOCAL row_security = on; {PairSide.Default("search_path")}; SET LOCAL statement_timeout = '20s'; SET LOCAL lock_timeout = '2s'", ct);
            if (subject.Claims is { } claims)
            {
                await using var command = new NpgsqlCommand("""
                    SELECT set_config('request.jwt.claims', $1, true), set_config('request.jwt.claim.sub', coalesce($1::jsonb ->> 'sub', ''), true),
                      set_config('request.jwt.claim.role', coalesce($1::jsonb ->> 'role', ''), true), set_config('request.jwt.claim.email', coalesce($1::jsonb ->> 'email', ''), true)
                    """, connection);
                command.Parameters.Add(new() { Value = claims });
                await command.ExecuteNonQueryAsync(ct);
            }
            await PairSide.ExecuteAsync(connection, $"SET LOCAL ROLE {SqlName.AlwaysQuote(subject.Role)}", ct);
            return new(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a query that yields a count and a sum, and undoes what it did.</summary>
    public async Task<Outcome> TryAsync(string sql, string noun, TimeSpan limit, CancellationToken ct)
    {
        try
        {
            var row = (await RowsAsync(sql, limit, ct))[0];
            return new($"{row[0]} {noun}{(row[0] == "1" ? "" : "s")}", Int128.Parse(row[1]!, CultureInfo.InvariantCulture));
        }
        catch (PostgresException e)
        {
            return Outcome.Refused(e);
        }
    }

    /// <summary>Rows of a query, what it did undone. Throws what the server says; SQLSTATE 57014 where it takes longer than <paramref name="limit"/>.</summary>
    public async Task<List<string?[]>> RowsAsync(string sql, TimeSpan limit, CancellationToken ct)
    {
        await PairSide.ExecuteAsync(_connection, string.Create(CultureInfo.InvariantCulture, $"SAVEPOINT trial; SET LOCAL statement_timeout = {(int)limit.TotalMilliseconds}"), ct);
        try
        {
            return await TextRows.ReadAsync(_connection, sql, ct);
        }
        finally
        {
            await PairSide.ExecuteAsync(_connection, "ROLLBACK TO SAVEPOINT trial", ct);
        }
    }

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();
}
