using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>
/// The target as it would be with the rows in quarantine in their places, for one subject: they are put back in a transaction that is rolled back. What is as in the
/// source then, differs by these rows alone; what still differs does so by something else. Opened when something differs first.
/// </summary>
internal sealed class BehaviourAside(PairSide target, BehaviourSubject subject, ImmutableArray<PairTable> tables, bool writing) : IAsyncDisposable
{
    private BehaviourSession? _session;
    private bool _isOpened;

    /// <summary>Why not all of the rows are back; null where they are.</summary>
    public string? WhyNot { get; private set; }

    /// <summary>Null: the target takes no writes, or nobody may put rows past its keys.</summary>
    public async Task<BehaviourSession?> SessionAsync(CancellationToken ct)
    {
        if (_isOpened) return _session;
        (_isOpened, WhyNot) = (true, null);
        try
        {
            _session = await BehaviourSession.OpenAsync(target, subject, writing: true, c => PutBackAsync(c, ct), ct);
        }
        catch (PostgresException e)
        {
            WhyNot = $"SQLSTATE {e.SqlState}";
        }
        return _session;
    }

    private async Task PutBackAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        // The keys that these rows break are not to be asked; unique keys and checks are asked all the same.
        await PairSide.ExecuteAsync(connection, "SET LOCAL session_replication_role = replica; SET LOCAL row_security = off; SET LOCAL lock_timeout = '2s'", ct);
        foreach (var table in tables)
            try
            {
                await PairSide.ExecuteAsync(connection, "SAVEPOINT back", ct);
                var columns = string.Join(", ", table.Columns.Where(c => !c.IsGenerated).Select(c => SqlName.AlwaysQuote(c.Name)));
                await PairSide.ExecuteAsync(connection, $"INSERT INTO {table.Target.Name} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {table.FromAside} t", ct);
            }
            catch (PostgresException e)
            {
                await PairSide.ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT back", ct);
                WhyNot ??= $"{table.Name}: SQLSTATE {e.SqlState}";
            }
        await PairSide.ExecuteAsync(connection, "SET LOCAL session_replication_role TO DEFAULT" + (writing ? "" : "; SET LOCAL transaction_read_only = on"), ct);
    }

    /// <summary>Between writes the rows are not kept there: an INSERT of the same key by the subject's own session would wait for them.</summary>
    public async Task ReleaseAsync()
    {
        if (!writing) return;
        await DisposeAsync();
        (_session, _isOpened) = (null, false);
    }

    public ValueTask DisposeAsync() => _session?.DisposeAsync() ?? ValueTask.CompletedTask;
}
