using System.Collections.Immutable;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>Who will meet the fence of a database: said before it is raised, for nothing of it stops a cutover.</summary>
internal static class PairPreflight
{
    private const int Named = 10;

    // The extension's table is in one database of the server only, and names the database of each job.
    private const string Jobs = """
        select coalesce(to_jsonb(j) ->> 'jobname', 'job ' || (to_jsonb(j) ->> 'jobid')) || ' (' || (to_jsonb(j) ->> 'schedule') || ')' from cron.job j
        where coalesce(to_jsonb(j) ->> 'database', current_database()) = current_database() and coalesce((to_jsonb(j) ->> 'active')::bool, true) order by 1
        """;

    private const string Transactions = """
        select format('%s by %s%s, for %s s', pid, usename, case when application_name <> '' then ' (' || application_name || ')' else '' end, extract(epoch from clock_timestamp() - xact_start)::int)
        from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() and application_name not like 'godwit%' and clock_timestamp() - xact_start > interval '3 s' order by xact_start
        """;

    public static async Task<ImmutableArray<Finding>> ReadAsync(NpgsqlConnection connection, string display, CancellationToken ct)
    {
        var findings = ImmutableArray.CreateBuilder<Finding>();
        await using (var exists = new NpgsqlCommand("select to_regclass('cron.job') is not null and has_table_privilege(to_regclass('cron.job'), 'select')", connection))
            if (await exists.ExecuteScalarAsync(ct) is true && await ListAsync(connection, Jobs, ct) is { Count: > 0 } jobs)
                findings.Add(new("cutover-cron", Severity.Warning, display, $"pg_cron runs {jobs.Count} job(s) there: {Listed(jobs)}. What they write behind the fence is refused, and they go on trying.", "Switch them off (cron.alter_job) before the cutover, and on at the new side."));
        if (await ListAsync(connection, Transactions, ct) is { Count: > 0 } open)
            findings.Add(new("cutover-long-transactions", Severity.Warning, display, $"Transactions are open: {Listed(open)}. The fence waits three seconds for those that have written, then ends them.", "Let them end first, where they matter."));
        return findings.ToImmutable();
    }

    private static string Listed(List<string> what) => string.Join("; ", what.Take(Named)) + (what.Count > Named ? $"; and {what.Count - Named} more" : "");

    private static async Task<List<string>> ListAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        var list = new List<string>();
        while (await row.ReadAsync(ct)) list.Add(row.GetString(0));
        return list;
    }
}
