using Godwit.Wire;
using Npgsql;

namespace Godwit.Target;

/// <summary>What a target server is and what the role may do there. Read once when the target is opened.</summary>
public sealed record TargetProfile
{
    /// <summary>As in server_version_num: 150018.</summary>
    public required int VersionNumber { get; init; }
    public required string Version { get; init; }
    public int Major => VersionNumber / 10000;
    public required string Database { get; init; }
    public required string Role { get; init; }
    public bool IsSuperuser { get; init; }
    /// <summary>CREATE on the database: the godwit schema and the load schema can be made.</summary>
    public bool CanCreateSchema { get; init; }
    public required string Encoding { get; init; }
    /// <summary>The database's collation ("C.UTF-8", "en_US.UTF-8") and whether it orders by bytes.</summary>
    public required string Collation { get; init; }
    public bool Tls { get; init; }
    public int MaxConnections { get; init; }
    public long MaintenanceWorkMemBytes { get; init; }
    public bool InRecovery { get; init; }
    /// <summary>The schema of the extension postgis, null where the database has none.</summary>
    public string? PostGis { get; init; }
}

/// <summary>
/// A target PostgreSQL database. Every connection comes with pinned session settings (DateStyle ISO, TimeZone UTC, extra_float_digits 1,
/// bytea_output hex, IntervalStyle iso_8601, standard_conforming_strings on, xmloption content, array_nulls on, statement_timeout 0,
/// application_name godwit, search_path pg_catalog) so that SQL and text output mean the same everywhere.
/// </summary>
public interface ITarget : IAsyncDisposable
{
    /// <summary>postgres://user@host:port/database, never a password.</summary>
    string Display { get; }
    TargetProfile Profile { get; }

    /// <summary>Opens a connection; throws <see cref="GodwitException"/> only. The caller disposes it.</summary>
    Task<NpgsqlConnection> ConnectAsync(CancellationToken ct);

    /// <summary>How to sign in; holds the password.</summary>
    NpgsqlConnectionStringBuilder ToBuilder() => throw new NotSupportedException();

    /// <summary>
    /// A plain connection for moving rows, with the same settings, outside of any pool. Blocks; throws <see cref="GodwitException"/> only. The
    /// caller disposes it.
    /// </summary>
    WireConnection OpenWire(CancellationToken ct) => throw new NotSupportedException();
}
