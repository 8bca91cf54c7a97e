using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Npgsql;

namespace Godwit;

/// <summary>What a cutover between two PostgreSQL databases looks at first.</summary>
internal sealed class PairLook(PairSession session, IPostgresSource source, ITarget target, MigrationOptions options, bool noWayBack, Action<Finding> found, TimeProvider clock)
{
    private const int NamedDifferences = 10;

    /// <summary>Before anything is changed: what would stop the cutover halfway.</summary>
    /// <param name="followed">Tables of the source that are.</param>
    /// <param name="ct">Ends it.</param>
    public async Task RunAsync(IReadOnlyCollection<SqlName> followed, CancellationToken ct)
    {
        await using var connection = await session.Old.ConnectAsync(ct);
        try
        {
            if (await session.MovedByAnotherAsync(ct) is { } other) throw PairFence.Elsewhere(session.Old, other);
            await using var command = new NpgsqlCommand("select gid from pg_prepared_xacts where database = current_database() order by prepared limit 1", connection);
            if (await command.ExecuteScalarAsync(ct) is string gid)
                throw new GodwitException(ErrorKind.Blocked, "cutover-prepared", $"{session.Old.Display} has a prepared transaction ({gid}), which no fence can hold back.", $"COMMIT PREPARED or ROLLBACK PREPARED it, then cut over.");
            foreach (var finding in await PairPreflight.ReadAsync(connection, session.Old.Display, ct)) found(finding);
        }
        catch (NpgsqlException e)
        {
            throw session.Old.Map(e, $"Looking at {session.Old.Display}");
        }
        await using var there = await session.New.ConnectAsync(ct);
        await RequirePartitionsAsync(connection, there, followed, ct);
        await CompareSchemasAsync(ct);
        await NameExtensionRowsAsync(connection, there, ct);
        await NameCarriedBeforeAsync(connection, ct);
        if (noWayBack) return;
        try
        {
            await session.ChooseBackAsync(options.FollowMethod, found, ct);
            await session.Origin(back: true).RequireAsync(there, ct);
            await RequireReplicaAsync(ct);
        }
        catch (GodwitException e) when (e.Kind == ErrorKind.Blocked)
        {
            throw new GodwitException(e.Kind, e.Code, $"{e.Problem} Without that, what is written to it after the cutover could not come back.", $"{e.Hint} Or --no-way-back.", e);
        }
    }

    private async Task RequirePartitionsAsync(NpgsqlConnection origin, NpgsqlConnection here, IReadOnlyCollection<SqlName> followed, CancellationToken ct)
    {
        try
        {
            if (await PartitionDrift.CompareAsync(origin, here, followed, session.IsLeftBehind, ct) is not { IsEmpty: false } drift) return;
            throw new GodwitException(ErrorKind.Blocked, "cutover-partitions-differ", $"{session.Old.Display}: {Listed([.. drift.Select(d => d.Words)])}. {session.New.Display} knows nothing of it.",
                $"Run there, then cut over: {string.Join(' ', drift.Select(d => d.Remedy))}");
        }
        catch (NpgsqlException e)
        {
            throw session.New.Map(e, "Comparing partitions");
        }
    }

    private async Task NameExtensionRowsAsync(NpgsqlConnection connection, NpgsqlConnection there, CancellationToken ct)
    {
        try
        {
            if (await ExtensionRows.DifferentAsync(connection, there, session.IsLeftBehind, ct) is not { Count: > 0 } different) return;
            found(new("cutover-extension-rows", Severity.Warning, string.Join(", ", different), $"{session.New.Display} has not the rows of the source there: the tables ({Listed([.. different.Select(d => d.ToString())])}) belong to extensions; they are copied, and no stream brings what is written to them since.",
                "Bring them over by the extension's own means (its functions for jobs, queues and the like), or copy the rows, once the old side is fenced."));
        }
        catch (PostgresException e)
        {
            found(new("cutover-extension-rows", Severity.Warning, session.Old.Display, $"Whether rows of tables that belong to extensions are the same could not be seen (SQLSTATE {e.SqlState}): {e.MessageText}"));
        }
        catch (NpgsqlException e)
        {
            throw session.Old.Map(e, "Comparing rows of extensions");
        }
    }

    // $1: when the migration began; $2: jobs that it carried.
    private const string SecretsSince = "select 'secret ' || coalesce(nullif(name, ''), id::text) from vault.decrypted_secrets where greatest(created_at, updated_at) > $1 order by 1";
    private const string JobsSince = "select 'job ' || coalesce(nullif(to_jsonb(j) ->> 'jobname', ''), jobid::text) from cron.job j where coalesce(to_jsonb(j) ->> 'database', current_database()) = current_database() and jobid <> all ($1) order by 1";

    /// <summary>Secrets and jobs went over once, with the copy.</summary>
    private async Task NameCarriedBeforeAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        if (session.Plan.Carriage is not { } carriage) return;
        try
        {
            List<string?[]> since = carriage.Secrets ? await TextRows.ReadAsync(connection, SecretsSince, ct, session.Run.Started) : [];
            if (!carriage.Jobs.IsEmpty) since.AddRange(await TextRows.ReadAsync(connection, JobsSince, ct, carriage.Jobs.Select(j => j.Id).ToArray()));
            if (since.Count == 0) return;
            found(new("cutover-carried-before", Severity.Warning, session.Old.Display, $"Made or changed since secrets and jobs were carried over, which happens once: {Listed([.. since.Select(r => r[0]!)])}.", "Make the same at the new side by hand."));
        }
        catch (NpgsqlException e)
        {
            throw session.Old.Map(e, "Looking at secrets and jobs");
        }
    }

    /// <summary>What comes back is written to the old side as it is: its foreign keys and triggers have acted at the new one.</summary>
    private async Task RequireReplicaAsync(CancellationToken ct)
    {
        await using var connection = await session.Old.ConnectAsync(ct);
        try
        {
            await ExecuteAsync(connection, "set session_replication_role = replica", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new GodwitException(ErrorKind.Blocked, "source-cannot-follow-back", $"{session.Old.Display}: its role may not set session_replication_role.",
                connection.PostgreSqlVersion.Major >= 15 ? $"Let an administrator run there: GRANT SET ON PARAMETER session_replication_role TO {SqlName.Quote(session.Old.Settings.Username ?? "")}" : "Cut over with a superuser of it.", e) { SqlState = e.SqlState };
        }
    }

    /// <summary>The stream brings rows: what was made or changed besides since the migration is at the source alone.</summary>
    private async Task CompareSchemasAsync(CancellationToken ct)
    {
        if (OptionsFingerprint.IsOfPart(session.Run.Options)) return;
        await using var there = await TargetDatabase.OpenAsync(ConnectionSettings.From(source.Settings, "source"), options.Jobs + 2, ct);
        var (differences, missing) = await PairVerifying.CatalogAsync(there, target, session.Run.Id, session.Plan, new(VerifyMode.Counts, options.Jobs)
        {
            // After a rollback the new side is behind its fence.
            Promised = [new PromisedDifference("database", "this database", "the fence says so", "setting default_transaction_read_only")],
        }, clock, ct);
        if (!missing.IsEmpty)
            throw new GodwitException(ErrorKind.Blocked, "cutover-new-tables", $"{session.Old.Display} has tables that the target lacks, for they were made since the migration began or are gone there: {Listed(missing)}.",
                "Make them in the target, without rows: the cutover brings these over. Or migrate again with --if-exists replace --follow to have them followed; or drop them, if nobody needs them.");
        if (!differences.IsEmpty)
            found(new("cutover-schema-differs", Severity.Warning, session.New.Display, $"Its schema is not the source's: {Listed([.. differences.Select(d => $"{d.Name} {d.Detail}")])}. Of the source's changes since the migration, following brings the rows alone.",
                "godwit verify lists all of it; make the same in the target where the application needs it. godwit rollback goes back."));
    }

    private static string Listed(ImmutableArray<string> what) => string.Join("; ", what.Take(NamedDifferences)) + (what.Length > NamedDifferences ? $"; and {what.Length - NamedDifferences} more" : "");

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
