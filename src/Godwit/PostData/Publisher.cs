using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Makes everything visible in the target schema at once: all steps and their facts in one transaction, or none.</summary>
public sealed class Publisher(ITarget target, Guid run)
{
    private const string ReloadSchema = "SELECT pg_catalog.pg_notify('pgrst', 'reload schema') FROM pg_catalog.pg_roles WHERE rolname = 'authenticator'";

    /// <summary>Returns the number of steps executed: 0 when an earlier attempt published already.</summary>
    public async Task<int> RunAsync(ImmutableArray<SqlStep> steps, IReadOnlyDictionary<string, JournalStep> done, CancellationToken stop)
    {
        if (steps.IsEmpty || done.ContainsKey(steps[^1].Id)) return 0;
        try
        {
            await using var connection = await target.ConnectAsync(stop);
            await using var transaction = await connection.BeginTransactionAsync(stop);
            foreach (var step in steps)
            {
                await using var command = new NpgsqlCommand(step.Sql, connection) { CommandTimeout = 0 };
                await command.ExecuteNonQueryAsync(stop);
                await RunJournal.StepDoneAsync(connection, run, new(step.Id, StepOutcome.Done, null), stop);
            }
            // Supabase's REST service keeps the schema in mind; it listens where its role is, and elsewhere nobody does.
            await using (var reload = new NpgsqlCommand(ReloadSchema, connection)) await reload.ExecuteNonQueryAsync(stop);
            await transaction.CommitAsync(CancellationToken.None);
            return steps.Length;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
        {
            throw new GodwitException(ErrorKind.Blocked, "target-has-dependents", $"The old tables cannot be replaced: {e.MessageText}. {e.Detail} Nothing was published; the old tables are as they were.",
                "Drop those objects, then type the same command again: it goes on from here.", e) { SqlState = e.SqlState };
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "publishing the tables");
        }
    }
}
