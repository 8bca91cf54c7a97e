using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>One of the two databases: sessions that all see one moment, and what a failure there is called.</summary>
internal sealed class PairSide : IAsyncDisposable
{
    private readonly TargetSessions _sessions;

    private PairSide(ITarget database, string word, TargetSessions sessions)
    {
        Database = database;
        Word = word;
        _sessions = sessions;
    }

    public ITarget Database { get; }
    /// <summary>"source" or "target".</summary>
    public string Word { get; }
    public NpgsqlConnection Main => _sessions.Main;

    /// <summary><paramref name="snapshot"/>: the moment to look at, which another session has exported and holds; null is now.</summary>
    public static async Task<PairSide> OpenAsync(ITarget database, string word, string? snapshot, CancellationToken ct)
    {
        var side = new PairSide(database, word, await TargetSessions.OpenAsync(database, snapshot, ct));
        await PinAsync(side.Main, ct);
        return side;
    }

    /// <summary>One more connection at the same moment. The caller disposes it.</summary>
    public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) => ConnectAsync(writing: false, ct);

    /// <summary><paramref name="writing"/>: the transaction may write; whoever asks for that never commits it.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(bool writing, CancellationToken ct)
    {
        var connection = await _sessions.ConnectAsync(writing, ct);
        await PinAsync(connection, ct);
        return connection;
    }

    // Beyond what every session of verification pins. With nothing but pg_catalog to search, PostgreSQL prints every other name with its
    // schema, operators included; and text output of money follows lc_monetary.
    private static Task PinAsync(NpgsqlConnection connection, CancellationToken ct) =>
        ExecuteAsync(connection, "SET LOCAL search_path = pg_catalog; SET LOCAL lc_monetary = 'C'", ct);

    public static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>What a query of a table's rows yields, in a transaction. Where the table's indexes call what the application's sessions alone find, it is asked as they would ask.</summary>
    public static async Task<List<string?[]>> RowsAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await ExecuteAsync(connection, "SAVEPOINT godwit_rows", ct);
        try
        {
            var rows = await TextRows.ReadAsync(connection, sql, ct);
            await ExecuteAsync(connection, "RELEASE godwit_rows", ct);
            return rows;
        }
        catch (PostgresException e) when (ApplicationPath.IsMissing(e))
        {
            await ExecuteAsync(connection, "ROLLBACK TO godwit_rows; RELEASE godwit_rows; " + ApplicationPath.Local, ct);
            var rows = await TextRows.ReadAsync(connection, sql, ct);
            await ExecuteAsync(connection, "SET LOCAL search_path = pg_catalog", ct);
            return rows;
        }
    }

    /// <summary>A setting as this database gives it to a new session of this role.</summary>
    public static string Default(string setting) => $"SET LOCAL {SqlName.Quote(setting)} TO DEFAULT";

    public ValueTask DisposeAsync() => _sessions.DisposeAsync();
}

/// <summary>The two databases.</summary>
internal sealed record PairSides(PairSide Source, PairSide Target)
{
    public PairSide this[bool isSource] => isSource ? Source : Target;
    public bool SameMajor => Source.Database.Profile.Major == Target.Database.Profile.Major;
    /// <summary>The start of both servers to the microsecond: two databases of one server have its roles in common.</summary>
    public async Task<bool> AreOfOneServerAsync(CancellationToken ct)
    {
        const string Started = "SELECT extract(epoch FROM pg_postmaster_start_time())";
        return (await TextRows.ReadAsync(Source.Main, Started, ct))[0][0] == (await TextRows.ReadAsync(Target.Main, Started, ct))[0][0];
    }

    public bool SameEncoding => Source.Database.Profile.Encoding == Target.Database.Profile.Encoding;
}
