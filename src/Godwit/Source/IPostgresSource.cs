using Npgsql;

namespace Godwit.Source;

/// <summary>A source that speaks PostgreSQL. What needs more than rows and statements asks it by SQL.</summary>
public interface IPostgresSource : ISource
{
    /// <summary>How to sign in; holds the password.</summary>
    NpgsqlConnectionStringBuilder Settings { get; }

    /// <summary>A session outside of any snapshot, settings pinned (search_path pg_catalog, row_security off, no timeouts). The caller disposes it.</summary>
    Task<NpgsqlConnection> ConnectAsync(CancellationToken ct);

    /// <summary>What a session of <see cref="ConnectAsync"/> threw, as the user's error. <paramref name="doing"/> starts the message.</summary>
    GodwitException Explain(Exception e, string doing);

    /// <summary>
    /// The next <see cref="ISource.OpenSnapshotAsync"/> sees the moment that another session has exported: that of a replication slot. The
    /// exporting session must stay open until then. <paramref name="position"/> names the moment for the journal.
    /// </summary>
    void UseSnapshot(string exported, string position);
}

/// <summary>One moment of a PostgreSQL source.</summary>
public interface IPostgresSnapshot : ISnapshot
{
    /// <summary>A session in a read-only REPEATABLE READ transaction that sees this moment, settings pinned. The caller disposes it.</summary>
    Task<NpgsqlConnection> ConnectAsync(CancellationToken ct);

    /// <summary>The snapshot's name for SET TRANSACTION SNAPSHOT, alive as long as one of the holders is.</summary>
    Task<string> ExportedAsync(CancellationToken ct);
}
