using System.Collections.Immutable;
using System.Globalization;
using Godwit.Plan;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Check;

/// <summary>Looks at both ends and at the plan between them, and says of each fact whether a migration can start. Only reads.</summary>
public static class ReadinessCheck
{
    /// <summary>Connections besides one a job: the run's lock, its journal, and one to spare.</summary>
    private const int OwnConnections = 3;
    private const int NewestMajor = 18;

    public static IEnumerable<ReadinessItem> OfSource(SourceInfo source)
    {
        yield return new("source-readable", Readiness.Pass, "source", $"{source.Engine} {source.Version}, {Megabytes(source.SizeBytes)}: {source.Display}");
        foreach (var finding in source.Findings) yield return Of(finding);
    }

    /// <summary>What the plan found in the source's shape and values. Notes are summed up: they need no remedy.</summary>
    public static IEnumerable<ReadinessItem> OfPlan(MigrationPlan plan)
    {
        yield return new("plan-made", Readiness.Pass, "source",
            string.Create(CultureInfo.InvariantCulture, $"{plan.Tables.Length} tables with {plan.Tables.Sum(t => t.Rows):N0} rows become {plan.PreData.Length + plan.PostData.Length} statements"));
        foreach (var finding in plan.Findings) yield return Of(finding);
    }

    /// <summary>An end that could not be opened, as an item: the check goes on with what it can reach.</summary>
    public static ReadinessItem Of(GodwitException failure, string subject) => new(failure.Code, Readiness.Block, subject, failure.Problem, failure.Hint);

    public static async Task<ImmutableArray<ReadinessItem>> OfTargetAsync(ITarget target, MigrationPlan? plan, MigrationOptions options, long sourceBytes, CancellationToken ct)
    {
        var items = ImmutableArray.CreateBuilder<ReadinessItem>();
        items.AddRange(OfProfile(target.Profile, target.Display));
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            var facts = await ReadFactsAsync(connection, options.TargetSchema, ct);
            // A PostgreSQL source takes the same room again, and half of it while indexes are built; a file of rows takes more.
            items.AddRange(OfFacts(facts, target, options, plan is { InPlace: true } ? sourceBytes / 2 : sourceBytes));
            if (plan is not null) items.Add(await OfNamesAsync(connection, plan, options, ct));
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, "Looking at " + target.Display);
        }
        return items.ToImmutable();
    }

    internal static IEnumerable<ReadinessItem> OfProfile(TargetProfile profile, string display)
    {
        yield return new("target-reachable", Readiness.Pass, "target", $"{display}, database {profile.Database}, role {profile.Role}");
        yield return profile.Major <= NewestMajor
            ? new("target-version", Readiness.Pass, "target", $"PostgreSQL {profile.Version}")
            : new("target-version", Readiness.Warn, "target", $"PostgreSQL {profile.Version} is newer than any that Godwit was tested with ({NewestMajor})", "Look through the plan with `godwit plan`.");
        yield return profile.Tls ? new("target-tls", Readiness.Pass, "target", "the connection is encrypted")
            : IsOnThisMachine(display) ? new("target-tls", Readiness.Pass, "target", "not encrypted; the server is on this machine")
            : new("target-tls", Readiness.Warn, "target", "the connection is not encrypted", "Add ?sslmode=verify-full to the URL, or sslmode=require where the server has no certificate to verify.");
        yield return profile.InRecovery
            ? new("target-writable", Readiness.Block, "target", "the server is a standby and takes no writes", "Name its primary server.")
            : new("target-writable", Readiness.Pass, "target", "the server takes writes");
        yield return profile.CanCreateSchema
            ? new("target-can-create", Readiness.Pass, "target", $"role {profile.Role} may create schemas")
            : new("target-can-create", Readiness.Block, "target", $"role {profile.Role} may not create schemas in {profile.Database}, and Godwit builds in one of its own",
                $"As the database's owner: GRANT CREATE ON DATABASE {Schema.SqlName.Quote(profile.Database)} TO {Schema.SqlName.Quote(profile.Role)};");
        yield return profile.Encoding == "UTF8"
            ? new("target-encoding", Readiness.Pass, "target", $"UTF8, collation {profile.Collation}")
            : new("target-encoding", Readiness.Block, "target", $"the database's encoding is {profile.Encoding}, which cannot hold every text", "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and name that one.");
    }

    internal sealed record TargetFacts(bool SchemaExists, bool CanCreateInSchema, bool ReadOnly, int Connections, int Reserved, long DatabaseBytes, string? DataDirectory, int RoleLimit);

    internal static IEnumerable<ReadinessItem> OfFacts(TargetFacts facts, ITarget target, MigrationOptions options, long sourceBytes)
    {
        var schema = options.TargetSchema;
        yield return facts.CanCreateInSchema
            ? new("target-schema", Readiness.Pass, "target", facts.SchemaExists ? $"schema {schema} exists and takes new tables" : $"schema {schema} will be created")
            : new("target-schema", Readiness.Block, "target", $"role {target.Profile.Role} may not create tables in schema {schema}",
                $"GRANT CREATE ON SCHEMA {Schema.SqlName.Quote(schema)} TO {Schema.SqlName.Quote(target.Profile.Role)}; or choose another with --schema NAME.");
        if (facts.ReadOnly)
        {
            yield return new("target-read-only", Readiness.Block, "target", "default_transaction_read_only is on for this role or database",
                $"ALTER ROLE {Schema.SqlName.Quote(target.Profile.Role)} SET default_transaction_read_only = off;");
        }
        var free = target.Profile.MaxConnections - facts.Reserved - facts.Connections;
        if (facts.RoleLimit >= 0) free = Math.Min(free, facts.RoleLimit);
        var needed = options.Jobs + OwnConnections;
        yield return free >= needed
            ? new("target-connections", Readiness.Pass, "target", $"{free} connections are free, {needed} are needed")
            : new("target-connections", Readiness.Warn, "target", $"{free} connections are free, {needed} are needed", $"Use --jobs {Math.Max(1, free - OwnConnections)}, or raise max_connections.");
        if (sourceBytes > 0) yield return Disk(facts, target, sourceBytes);
    }

    // Rows carry a header of 24 bytes and indexes are built anew: twice the file was enough for every sample, three times is cautious.
    private static ReadinessItem Disk(TargetFacts facts, ITarget target, long sourceBytes)
    {
        var needed = sourceBytes * 3;
        if (facts.DataDirectory is not { } directory || !IsOnThisMachine(target.Display) || !Directory.Exists(directory))
            return new("target-disk", Readiness.Pass, "target", $"about {Megabytes(needed)} are needed; how much is free cannot be seen from here");
        long free;
        try
        {
            free = new DriveInfo(directory).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new("target-disk", Readiness.Pass, "target", $"about {Megabytes(needed)} are needed; how much is free cannot be read: {e.Message}");
        }
        return free >= needed
            ? new("target-disk", Readiness.Pass, "target", $"about {Megabytes(needed)} are needed, {Megabytes(free)} are free")
            : new("target-disk", Readiness.Block, "target", $"about {Megabytes(needed)} are needed, but only {Megabytes(free)} are free in {directory}", "Free some space, or move the data directory.");
    }

    private static async Task<ReadinessItem> OfNamesAsync(NpgsqlConnection connection, MigrationPlan plan, MigrationOptions options, CancellationToken ct)
    {
        var wanted = plan.Tables.Select(t => t.Target.Name).Distinct().ToArray();
        if (plan.InPlace) return new("target-names", Readiness.Pass, "target", "what is in the way is told object by object");
        if (options.DataOnly || options.IfExists == IfExists.Append) return new("target-names", Readiness.Pass, "target", "rows are added to tables that exist");
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("Check/Sql/taken-names.sql"), connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = options.TargetSchema });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = wanted });
        var taken = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) taken.Add($"{reader.GetString(1)} {reader.GetString(0)}");
        if (taken.Count == 0) return new("target-names", Readiness.Pass, "target", $"the names of all {wanted.Length} tables are free in schema {options.TargetSchema}");
        var list = string.Join(", ", taken.Take(5)) + (taken.Count > 5 ? $" and {taken.Count - 5} more" : "");
        return options.IfExists == IfExists.Replace
            ? new("target-names", Readiness.Warn, "target", $"--if-exists replace will drop what is there: {list}")
            : new("target-not-empty", Readiness.Block, "target", $"schema {options.TargetSchema} already has {list}", "Choose --schema NAME, or --if-exists replace (drops them) or append (adds rows).");
    }

    private static async Task<TargetFacts> ReadFactsAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("Check/Sql/target-readiness.sql"), connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = schema });
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return new(row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2), row.GetInt32(3), row.GetInt32(4), row.GetInt64(5),
            await row.IsDBNullAsync(6, ct) ? null : row.GetString(6), row.GetInt32(7));
    }

    private static ReadinessItem Of(Finding finding) => new(finding.Code,
        finding.Severity switch { Severity.Block => Readiness.Block, Severity.Warning => Readiness.Warn, _ => Readiness.Pass }, finding.Subject, finding.Problem, finding.Hint);

    private static bool IsOnThisMachine(string display) =>
        display.Contains("?host=/", StringComparison.Ordinal) || (Uri.TryCreate(display, UriKind.Absolute, out var url) && url.IsLoopback);

    private static string Megabytes(long bytes) => bytes switch
    {
        < 100_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
    };
}
