using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Verify;

/// <summary>
/// Compares a source with what a migration left in the target. Knows the plan's types, but nothing of the encoders: the meaning of each value is
/// written a second time here, and the target's values come as PostgreSQL prints them. Each side is read once, at one moment; rows are reduced
/// to 128-bit digests and summed in buckets by key, so that no order is needed and memory does not grow with the data.
/// </summary>
public sealed class Verifier(ISnapshot snapshot, DatabaseSchema schema, ITarget target, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    public async Task<VerifyReport> VerifyAsync(MigrationPlan plan, VerifyRequest request, CancellationToken ct)
    {
        try
        {
            return await CompareAsync(plan, request, ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "comparing with the target");
        }
    }

    private async Task<VerifyReport> CompareAsync(MigrationPlan plan, VerifyRequest request, CancellationToken ct)
    {
        var began = clock.GetTimestamp();
        var tables = Chosen(plan, request);
        await using var sessions = await TargetSessions.OpenAsync(target, ct);
        var prepared = await PrepareAsync(sessions.Main, tables, ct);
        var comparison = new TableComparison(snapshot, sessions, request, progress, clock);
        var results = await comparison.RunAsync(prepared, ct);
        var catalog = new CatalogChecks(sessions, plan, request.Tables.Count == 0 ? null : [.. tables.Select(t => t.Plan.Source)]);
        var checks = await catalog.RunAsync(ct);
        if (request.Mode != VerifyMode.Counts)
            checks = checks.AddRange(await new ExpressionComparison(snapshot, sessions, request, clock).RunAsync(prepared.Zip(results), ct));
        if (request.Mode != VerifyMode.Counts && request.Tables.Count == 0)
            checks = checks.AddRange(await new ViewComparison(snapshot, schema, sessions, clock).RunAsync([.. plan.Views.Where(v => catalog.ReadableViews.Contains(v.Target))], ct));
        return new VerifyReport
        {
            Mode = request.Mode,
            SampleSeed = request.Seed,
            Tables = results,
            Checks = checks,
            Elapsed = clock.GetElapsedTime(began),
        };
    }

    private List<ComparedTable> Chosen(MigrationPlan plan, VerifyRequest request)
    {
        foreach (var name in request.Tables)
            if (!plan.Tables.Any(t => Same(t.Source, name)))
                throw new GodwitException(ErrorKind.Usage, "no-such-table", $"No table {name} was migrated.", $"The tables are: {string.Join(", ", plan.Tables.Select(t => t.Source))}");
        var tables = new List<ComparedTable>();
        foreach (var table in plan.Tables)
        {
            if (request.Tables.Count > 0 && !request.Tables.Any(n => Same(n, table.Source))) continue;
            var source = schema.FindTable(table.Source)
                ?? throw new GodwitException(ErrorKind.SourceFatal, "source-table-missing", $"The source has no table {table.Source} any more.", "Make a new plan: godwit plan SOURCE TARGET");
            tables.Add(new ComparedTable(table, source));
        }
        return tables;

        static bool Same(string a, string b) => NameComparer.Same(a, b);
    }

    private static async Task<List<ComparedTable>> PrepareAsync(NpgsqlConnection connection, List<ComparedTable> tables, CancellationToken ct)
    {
        await using (var command = new NpgsqlCommand(VerifySql.Read("relations"), connection))
        {
            command.Parameters.Add(new() { Value = tables.Select(t => t.Target.ToString()).ToArray() });
            await using var reader = await command.ExecuteReaderAsync(ct);
            for (var i = 0; await reader.ReadAsync(ct); i++)
            {
                if (reader.IsDBNull(1)) continue;
                tables[i].Exists = true;
                tables[i].IsPartitioned = reader.GetString(1) == "p";
                tables[i].TargetPages = reader.GetInt64(2);
                if (tables[i].IsPartitioned) tables[i].From = tables[i].Target.ToString();
                tables[i].MissingColumns = [.. tables[i].Columns.Select(c => c.Target).Except(reader.GetFieldValue<string[]>(3), StringComparer.Ordinal)];
            }
        }
        await Quarantine.ReadAsync(connection, tables, ct);
        return tables;
    }
}
