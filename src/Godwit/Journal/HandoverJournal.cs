using Npgsql;

namespace Godwit.Journal;

/// <summary>
/// One godwit asks another, which follows in some other shell, to let go of the target: a row of table godwit.handover. It is heeded for
/// <see cref="Heeded"/>, so that what a killed process asked for stops nobody later.
/// </summary>
internal static class HandoverJournal
{
    public static readonly TimeSpan Heeded = TimeSpan.FromSeconds(45);

    public const string Table = "create table if not exists godwit.handover (run_id uuid primary key references godwit.run on delete cascade, asked timestamptz not null)";

    // Behind a fence, sessions of the target may only read unless they say otherwise.
    private const string Writing = "set default_transaction_read_only = off; ";

    /// <summary>Repeated, it renews the request.</summary>
    public static async Task AskAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using (var writing = new NpgsqlCommand($"{Writing}{Table}", connection) { CommandTimeout = RunJournal.AnswerSeconds }) await writing.ExecuteNonQueryAsync(ct);
        await using var command = new NpgsqlCommand("insert into godwit.handover values ($1, clock_timestamp()) on conflict (run_id) do update set asked = excluded.asked", connection) { CommandTimeout = RunJournal.AnswerSeconds, Parameters = { new() { Value = run } } };
        await command.ExecuteNonQueryAsync(ct);
    }

    public static async Task WithdrawAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using (var writing = new NpgsqlCommand(Writing, connection) { CommandTimeout = RunJournal.AnswerSeconds }) await writing.ExecuteNonQueryAsync(ct);
        await using var command = new NpgsqlCommand("delete from godwit.handover where run_id = $1", connection) { CommandTimeout = RunJournal.AnswerSeconds, Parameters = { new() { Value = run } } };
        await command.ExecuteNonQueryAsync(ct);
    }

    public static async Task<bool> IsAskedAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        try
        {
            await using var command = new NpgsqlCommand("select exists (select from godwit.handover where run_id = $1 and asked > clock_timestamp() - $2)", connection) { CommandTimeout = RunJournal.AnswerSeconds, Parameters = { new() { Value = run }, new() { Value = Heeded } } };
            return (bool)(await command.ExecuteScalarAsync(ct))!;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // A journal of an earlier version, which nobody has asked through yet.
            return false;
        }
    }
}
