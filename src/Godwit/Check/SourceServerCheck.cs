using System.Collections.Immutable;
using System.Globalization;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Check;

/// <summary>What a PostgreSQL source's server has to spare for a migration, how long it may take, and what of its rows stands in the way. Only reads.</summary>
public static class SourceServerCheck
{
    /// <summary>Sessions besides one a job: those that hold the snapshot, and one that asks.</summary>
    private const int OwnConnections = 3;
    private const int LookSeconds = 10;

    // How many times as long a verified run takes as reading the rows alone: bench/RESULTS-pairs.md, few indexes and many.
    private const double Least = 3, Most = 10;
    private const long SampleBytes = 32 << 20, LeastBytes = 4 << 20;
    private const int SampleSeconds = 2;

    public static async Task<ImmutableArray<ReadinessItem>> OfServerAsync(IPostgresSource source, MigrationPlan? plan, MigrationOptions options, int? targetMajor, TimeProvider clock, CancellationToken ct)
    {
        var items = ImmutableArray.CreateBuilder<ReadinessItem>();
        try
        {
            await using var connection = await source.ConnectAsync(ct);
            items.AddRange(OfFacts(await ReadFactsAsync(connection, ct), options.Jobs));
            if (targetMajor is null or < 18) items.AddRange(await OrphansAsync(connection, ct));
            if (plan is not null) items.Add(Estimate(plan.Tables.Sum(t => t.Bytes), plan.Tables.Length, await ReadAsync(connection, clock, ct)));
        }
        catch (NpgsqlException e)
        {
            if (e is not PostgresException { IsTransient: false }) throw source.Explain(e, "Looking at " + source.Info.Display);
            throw new GodwitException(ErrorKind.SourceFatal, "source-facts-unread", $"{source.Info.Display} cannot be asked what it has to spare: {e.Message}", "Connect as the database's owner.", e);
        }
        return items.ToImmutable();
    }

    /// <summary>Extensions that the plan makes, as the target has them; what it lacks is a finding of the plan.</summary>
    public static IEnumerable<ReadinessItem> OfExtensions(MigrationPlan plan)
    {
        var made = plan.Objects.Where(o => o.Kind == "extension" && !o.Steps.IsEmpty).Select(o => o.Name).ToList();
        if (made.Count > 0 && plan.Findings.All(f => f.Code != "extension-missing")) yield return new("target-extensions", Readiness.Pass, "target", $"the target's server has {string.Join(", ", made)}");
    }

    internal sealed record ServerFacts(int Free, int RoleLimit, int RoleUses, string WalLevel, int Slots, int SlotsUsed, int Senders, int SendersUsed);

    internal static IEnumerable<ReadinessItem> OfFacts(ServerFacts facts, int jobs)
    {
        var free = facts.RoleLimit >= 0 ? Math.Min(facts.Free, facts.RoleLimit - facts.RoleUses) : facts.Free;
        var needed = jobs + OwnConnections;
        yield return free >= needed
            ? new("source-connections", Readiness.Pass, "source", $"{free} connections are free, {needed} are needed")
            : new("source-connections", Readiness.Warn, "source", $"{free} connections are free, {needed} are needed", $"Use --jobs {Math.Max(1, free - OwnConnections)}, or stop what is not needed meanwhile.");
        var (slots, senders) = (facts.Slots - facts.SlotsUsed, facts.Senders - facts.SendersUsed);
        // Nothing that a migration without --follow needs: said, and no warning.
        yield return facts.WalLevel == "logical" && slots > 0 && senders > 0
            ? new("source-slots", Readiness.Pass, "source", $"{slots} of {facts.Slots} replication slots are free: --follow can record changes")
            : new("source-slots", Readiness.Pass, "source", facts.WalLevel != "logical"
                ? $"--follow is not possible: wal_level is {facts.WalLevel}, not logical"
                : $"--follow is not possible: {slots} of {facts.Slots} replication slots and {senders} of {facts.Senders} senders are free");
    }

    /// <summary>What was read of a table, and how long it took to come here.</summary>
    internal sealed record Reading(string Table, long Bytes, TimeSpan Took);

    /// <summary>Without a reading that says something, the size alone.</summary>
    internal static ReadinessItem Estimate(long bytes, int tables, Reading? reading)
    {
        var size = string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB in {tables} tables");
        if (reading is null || reading.Took <= TimeSpan.Zero || reading.Bytes < LeastBytes && reading.Took < TimeSpan.FromSeconds(SampleSeconds / 2))
            return new("estimated-time", Readiness.Pass, "source", bytes < LeastBytes ? $"{size}: seconds" : $"{size}; how long they take cannot be said: {(reading is null ? "no table may be read" : "the largest is too small to measure by")}");
        var rate = reading.Bytes / reading.Took.TotalSeconds;
        var alone = bytes / rate;
        return new("estimated-time", Readiness.Pass, "source", string.Create(CultureInfo.InvariantCulture,
            $"{size}: {Time(alone * Least)} to {Time(alone * Most)}, verification included. {reading.Table} was read at {rate / 1e6:0.#} MB/s just now; reading alone takes {Time(alone)}, and whole runs took {Least} to {Most} times as long where that was measured. The target was not measured: a slower one takes longer"));
    }

    /// <summary>A part of the largest table, for at most <see cref="SampleSeconds"/> seconds; null where no table may be read.</summary>
    private static async Task<Reading?> ReadAsync(NpgsqlConnection connection, TimeProvider clock, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var limit = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"set transaction read only; set local statement_timeout = '{SampleSeconds}s'; ") + ApplicationPath.Local, connection)) await limit.ExecuteNonQueryAsync(ct);
        if ((await TextRows.ReadAsync(connection, EmbeddedSql.Read("Check/Sql/largest-table.sql"), ct, SampleBytes)).FirstOrDefault() is not [{ } table, { } pages]) return null;
        var (bytes, started) = (0L, clock.GetTimestamp());
        try
        {
            await using var copy = await connection.BeginRawBinaryCopyAsync($"COPY (SELECT * FROM ONLY {table} WHERE ctid < '({pages},0)') TO STDOUT (FORMAT binary)", ct);
            var buffer = new byte[64 << 10];
            for (int read; (read = await copy.ReadAsync(buffer, ct)) > 0;) bytes += read;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && !ct.IsCancellationRequested)
        {
            // A slow network: what has come within the time says how slow.
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege || ApplicationPath.IsMissing(e))
        {
            return null;
        }
        return new(table, bytes, clock.GetElapsedTime(started));
    }

    private static string Time(double seconds) => seconds < 90 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, seconds):0} s") : seconds < 5400 ? string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min") : string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h");

    private static async Task<List<ReadinessItem>> OrphansAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var keys = new List<(string Table, string Name, string Look)>();
        await using (var command = new NpgsqlCommand(EmbeddedSql.Read("Check/Sql/partitioned-keys.sql"), connection))
        await using (var reader = await command.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct)) keys.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        var items = new List<ReadinessItem>();
        foreach (var (table, name, look) in keys)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await using (var limit = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"set local statement_timeout = '{LookSeconds}s'; ") + ApplicationPath.Local, connection)) await limit.ExecuteNonQueryAsync(ct);
            try
            {
                await using var command = new NpgsqlCommand(look, connection);
                if (await command.ExecuteScalarAsync(ct) is true)
                    items.Add(new("partitioned-key-orphans", Readiness.Warn, table, $"Rows have no parent under {name}. A partitioned table takes a foreign key whole or, before PostgreSQL 18, not at all: the target will lack it.", $"Find them: {look["select exists (".Length..^1].Replace("select from", "select * from", StringComparison.Ordinal)}"));
            }
            catch (PostgresException e) when (e.SqlState is "57014" or "42501" || ApplicationPath.IsMissing(e))
            {
                items.Add(new("partitioned-key-orphans", Readiness.Pass, table, e.SqlState == "57014" ? $"whether every row has its parent under {name} takes longer than {LookSeconds} s to see" : $"whether every row has its parent under {name} cannot be looked at (SQLSTATE {e.SqlState})"));
            }
            await transaction.RollbackAsync(ct);
        }
        return items;
    }

    private static async Task<ServerFacts> ReadFactsAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("Check/Sql/source-readiness.sql"), connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return new(row.GetInt32(0), row.GetInt32(1), row.GetInt32(2), row.GetString(3), row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7));
    }
}
