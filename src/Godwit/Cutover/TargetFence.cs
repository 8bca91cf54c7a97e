using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>
/// Refuses every write to the migrated tables of the target, and lets Godwit's own through: triggers, which replication does not fire. While
/// they are made, each table's lock waits for the writers that are at work.
/// </summary>
public sealed class TargetFence(ITarget target, MigrationPlan plan)
{
    private const string Name = "godwit_fence";

    private ImmutableArray<SqlName> Tables => [.. plan.Tables.Select(t => t.Target)];

    public Task RaiseAsync(string message, CancellationToken ct) => InTransactionAsync(
    [
        $"create or replace function godwit.{Name}() returns trigger language plpgsql as 'begin raise exception using message = {SqlText.Literal(message).Replace("'", "''", StringComparison.Ordinal)}, errcode = ''25006''; end'",
        $"grant usage on schema godwit to public",
        .. Tables.SelectMany(t => new[]
        {
            $"drop trigger if exists {Name} on {t}",
            $"create trigger {Name} before insert or update or delete or truncate on {t} for each statement execute function godwit.{Name}()",
        }),
    ], ct);

    public Task LowerAsync(CancellationToken ct) => InTransactionAsync([.. Tables.Select(t => $"drop trigger if exists {Name} on {t}"), $"drop function if exists godwit.{Name}()"], ct);

    private async Task InTransactionAsync(IEnumerable<string> statements, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            foreach (var sql in statements)
                await using (var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 }) await command.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "fencing the target");
        }
    }
}
