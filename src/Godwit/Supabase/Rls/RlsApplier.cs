using Godwit.Target;
using Npgsql;

namespace Godwit.Supabase.Rls;

/// <summary>Executes a plan in one transaction: all of it, or nothing.</summary>
public static class RlsApplier
{
    private const string LockPatience = "SET LOCAL lock_timeout = '30s'";

    /// <summary>Throws the target's error with the object that it was about; <c>rls-auth-missing</c> where the plan has a finding that blocks.</summary>
    public static async Task ApplyAsync(NpgsqlConnection connection, RlsPlan plan, CancellationToken ct)
    {
        if (plan.Findings.FirstOrDefault(f => f.Severity == Severity.Block) is { } block) throw new GodwitException(ErrorKind.Blocked, block.Code, $"{block.Subject}: {block.Problem}.", block.Hint);
        var doing = "Applying row-level security";
        try
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await ExecuteAsync(connection, LockPatience, ct);
            foreach (var step in plan.Steps)
            {
                doing = $"Applying row-level security to {step.Subject}";
                await ExecuteAsync(connection, step.Sql, ct);
            }
            await MatrixStore.PrepareAsync(connection, ct);
            await MatrixStore.WriteAsync(connection, plan.Options.Schema, "applied", RlsText.Write(plan, plan.Options.Schema), ct);
            await transaction.CommitAsync(ct);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, doing);
        }
    }

    internal static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
