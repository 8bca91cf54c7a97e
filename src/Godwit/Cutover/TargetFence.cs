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
    private const int Attempts = 20;

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

    /// <summary>
    /// Opens at once, whatever tables are in use: the function lets all through. Then the triggers go, each by itself: a lock on many tables
    /// could be held against writers that hold others of them and wait for these.
    /// </summary>
    public async Task LowerAsync(CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            foreach (var sql in (string[])[$"do $godwit$ begin if to_regproc('godwit.{Name}') is not null then create or replace function godwit.{Name}() returns trigger language plpgsql as 'begin return null; end'; end if; end $godwit$",
                .. Tables.Select(t => $"drop trigger if exists {Name} on {t}"), $"drop function if exists godwit.{Name}()"])
                await ExecuteAsync(connection, sql, ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "opening the target");
        }
    }

    /// <summary>Whether writes are refused.</summary>
    public async Task<bool> IsRaisedAsync(CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            await using var command = new NpgsqlCommand($"select exists (select from pg_trigger g join pg_proc p on p.oid = g.tgfoid where g.tgname = '{Name}' and p.prosrc like '%raise exception%')", connection);
            return (bool)(await command.ExecuteScalarAsync(ct))!;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "looking at the target's fence");
        }
    }

    private async Task InTransactionAsync(IReadOnlyCollection<string> statements, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await target.ConnectAsync(ct);
                await using var transaction = await connection.BeginTransactionAsync(ct);
                foreach (var sql in statements) await ExecuteAsync(connection, sql, ct);
                await transaction.CommitAsync(CancellationToken.None);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                // A writer that holds one table and waits for another: it goes on now.
            }
            catch (NpgsqlException e)
            {
                throw TargetErrors.Map(e, "fencing the target");
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
