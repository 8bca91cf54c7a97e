using Godwit.Journal;
using Godwit.Plan;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>Removes what an unfinished run has made where it belongs, the last first, so that another can begin. Only what its journal says is touched.</summary>
internal static class InPlaceUndo
{
    public static async Task RunAsync(ITarget target, JournalRun run, MigrationPlan plan, CancellationToken ct)
    {
        if (!plan.InPlace && !plan.IntoExisting) return;
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            var done = (await RunJournal.StepsAsync(connection, run.Id, ct)).Select(s => s.Id).ToHashSet(StringComparer.Ordinal);
            var drops = plan.PreData.Concat(plan.PostData).Reverse().Where(s => done.Contains(s.Id) && s.Undo is not null).Select(s => StatementRemoval.Cascade(s.Undo!)).OfType<string>().ToList();
            await InPlaceDependents.RefuseAsync(connection, drops, "They were made while the run was unfinished, which has to begin anew. Drop them, then type the same command again.", ct);
            foreach (var objects in await LargeObjectJournal.DoneAsync(connection, run.Id, ct))
                await TryAsync(connection, $"SELECT lo_unlink({objects})", ct);
            foreach (var drop in drops) await TryAsync(connection, drop, ct);
            // Keys of tables that were there before, which the run has taken off; unproven where rows have come in meanwhile that lack their parents.
            if (plan.IntoExisting)
                foreach (var step in plan.PreData.Where(s => done.Contains(s.Id) && s.Undo is not null))
                    if (!await TryAsync(connection, step.Undo!, ct)) await TryAsync(connection, step.Undo + " NOT VALID", ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "removing what the unfinished run has made");
        }
    }

    // Gone with another object, or in use by something that is not the run's: then it stays, and the next plan says that it is in the way.
    private static async Task<bool> TryAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(ct);
            return true;
        }
        catch (PostgresException e) when (e.SqlState[..2] is "23" or "2B" or "3F" or "42" or "55")
        {
            return false;
        }
    }
}
