using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Several steps and their facts in one transaction, sent in one go: for statements that take less time than their commits would.</summary>
internal static class StepBatch
{
    /// <summary>What a step may set for itself: it is taken back before the next step of the transaction.</summary>
    private static readonly HashSet<string> Settings = new(["search_path", "check_function_bodies", "default_tablespace", "default_table_access_method"], StringComparer.Ordinal);

    /// <summary>A step with other settings of its own is executed alone; so is an extension, whose script does what it likes.</summary>
    public static bool Fits(SqlStep step) => SqlScript.Split(step.Sql).All(s => SetBy(s) is var set && (set is null || Settings.Contains(set)) && !Begins(s, "CREATE", "EXTENSION"));

    /// <summary>Null: all are done and committed. Else nothing is, and this is the place of the step that was refused, or 0 where it is not known.</summary>
    public static async Task<int?> RunAsync(NpgsqlConnection connection, Guid run, IReadOnlyList<SqlStep> steps, CancellationToken stop)
    {
        await using var transaction = await connection.BeginTransactionAsync(stop);
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        var owners = new Dictionary<NpgsqlBatchCommand, int>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < steps.Count; i++)
        {
            var statements = SqlScript.Split(steps[i].Sql);
            foreach (var sql in statements.Concat(statements.Select(SetBy).OfType<string>().Distinct().Select(name => name == "search_path" ? "SET LOCAL search_path = pg_catalog" : $"SET LOCAL {name} TO DEFAULT")))
            {
                var command = new NpgsqlBatchCommand(sql);
                owners.Add(command, i);
                batch.BatchCommands.Add(command);
            }
        }
        batch.BatchCommands.Add(RunJournal.StepsDone(run, steps.Select(s => s.Id), StepOutcome.Done, null));
        try
        {
            await batch.ExecuteNonQueryAsync(stop);
            Failpoints.Hit(Failpoints.StepsWritten);
            await transaction.CommitAsync(CancellationToken.None);
            Failpoints.Hit(Failpoints.StepsDone);
            return null;
        }
        // What it means is found out where the step runs alone.
        catch (PostgresException e) when (!e.SqlState.StartsWith("57P", StringComparison.Ordinal) && !e.SqlState.StartsWith("08", StringComparison.Ordinal))
        {
            await transaction.RollbackAsync(CancellationToken.None);
            return e.BatchCommand is NpgsqlBatchCommand failed && owners.TryGetValue(failed, out var which) ? which : 0;
        }
    }

    /// <summary>The name after SET; null for any other statement.</summary>
    private static string? SetBy(string statement)
    {
        if (!statement.StartsWith("SET", StringComparison.OrdinalIgnoreCase) && !statement.StartsWith("--", StringComparison.Ordinal) && !statement.StartsWith("/*", StringComparison.Ordinal)) return null;
        var tokens = SqlScript.Tokens(statement);
        if (tokens.Length < 3 || !tokens[0].Equals("SET", StringComparison.OrdinalIgnoreCase)) return null;
        return tokens[1].Equals("LOCAL", StringComparison.OrdinalIgnoreCase) ? SqlScript.NameOf(tokens[2]) : "";
    }

    private static bool Begins(string statement, string first, string second) =>
        SqlScript.Tokens(statement.Length > 200 ? statement[..200] : statement) is [var a, var b, ..] && a.Equals(first, StringComparison.OrdinalIgnoreCase) && b.Equals(second, StringComparison.OrdinalIgnoreCase);
}
