using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>
/// Foreign keys, and deferrable keys of other kinds, of tables that were there before. Triggers look at them, which do not fire while rows come in as a superuser
/// (session_replication_role = replica), and PostgreSQL takes them for proven all the same. Each is looked at, as each that Godwit makes itself is validated.
/// </summary>
internal sealed class UncheckedKeys(ITarget target, MigrationPlan plan, Guid run, bool setsAside)
{
    // Of what rows went into, and of what that is a partition of. Keys of rows first: those that reference one that is set aside lack it then.
    private const string Constraints = """
        select k.contype, k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), min(w.name)
        from unnest($1::text[]) w(name) cross join lateral (select w.name::regclass union select a.relid from pg_partition_ancestors(w.name::regclass) a) t(oid) join pg_constraint k on k.conrelid = t.oid
        where case k.contype when 'f' then k.convalidated and k.conparentid = 0 when 'p' then k.condeferrable and k.conrelid = w.name::regclass when 'u' then k.condeferrable and k.conrelid = w.name::regclass
          when 'x' then k.condeferrable and k.conrelid = w.name::regclass end
        group by k.oid, k.contype, k.conrelid, k.conname order by k.contype = 'f', 2, 3
        """;

    private List<SqlName>? _shared;

    private sealed record Standing(char Kind, string Table, string Name, string Definition, TablePlan Into)
    {
        public string Quoted => SqlName.Quote(Name);
        public string Subject => $"CONSTRAINT {Table}.{Quoted}";
        public string Addition => $"ALTER TABLE {Table} ADD CONSTRAINT {Quoted} {Definition}";
    }

    /// <summary>A finding for each that rows break, or of which it is not known. By choice, such rows go into quarantine.</summary>
    public async Task<ImmutableArray<Finding>> FindAsync(CancellationToken ct)
    {
        if (!plan.LoadsQuietly(target)) return [];
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            var findings = ImmutableArray.CreateBuilder<Finding>();
            foreach (var constraint in await ReadAsync(connection, ct))
            {
                if (await RowsAsync(connection, constraint, ct) is not { } rows) continue;
                var whyNot = "";
                if (setsAside && await SetAsideAsync(connection, constraint, ct) is (var isDone, var why))
                {
                    if (isDone) continue;
                    whyNot = $" They could not be set aside: {why}";
                }
                findings.Add(constraint.Kind == 'f'
                    ? new("foreign-key-orphans", Severity.Warning, constraint.Subject, $"Its table holds rows without a parent: {rows}. The key was there before and was not checked while rows came in: PostgreSQL takes it for proven.{whyNot}",
                        $"Repair those rows; or say that it is not proven: ALTER TABLE {constraint.Table} DROP CONSTRAINT {constraint.Quoted}, ADD CONSTRAINT {constraint.Quoted} {constraint.Definition} NOT VALID;")
                    : new("unique-unchecked", Severity.Warning, constraint.Subject, $"{rows} The constraint was there before, is DEFERRABLE and was not checked while rows came in: PostgreSQL takes it for proven.{whyNot}",
                        $"Repair such rows, then have it proven: ALTER TABLE {constraint.Table} DROP CONSTRAINT {constraint.Quoted}, ADD CONSTRAINT {constraint.Quoted} {constraint.Definition};"));
            }
            return findings.ToImmutable();
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "looking for rows without a parent");
        }
    }

    /// <summary>Which rows break it, in words; null where none do.</summary>
    private static async Task<string?> RowsAsync(NpgsqlConnection connection, Standing constraint, CancellationToken ct)
    {
        if (constraint.Kind == 'f')
            return await EnforcedKey.FindAsync(connection, constraint.Table, constraint.Name, ct) is { } key ? await Orphans.ListAsync(connection, constraint.Into, key, ct) : null;
        // Of periods and of other operators than "=", only the constraint itself can tell.
        var isEquality = constraint.Kind != 'x' && !constraint.Definition.Contains(" WITHOUT OVERLAPS", StringComparison.Ordinal);
        return isEquality ? await Duplicates.DescribeAsync(connection, constraint.Into, constraint.Definition, ct) : "Whether rows break it is not known.";
    }

    /// <summary>Rows that break the constraint go into quarantine, with those that reference them, in one transaction. Not done: nothing was changed.</summary>
    private async Task<(bool Done, string WhyNot)> SetAsideAsync(NpgsqlConnection connection, Standing constraint, CancellationToken ct)
    {
        if (AsideStep.OfStanding(constraint.Kind, constraint.Table, constraint.Name, constraint.Addition) is not { } way) return (false, "its rows cannot be told.");
        _shared ??= await SharedAsync(connection, ct);
        if (_shared.Count > 0) return (false, $"{_shared[0]} holds rows that this run has not loaded, which are not its to move.");
        await using var transaction = await connection.BeginTransactionAsync(ct);
        try
        {
            var rows = new AsideRows(connection, run, plan, target.Profile.IsSuperuser);
            await rows.BeginAsync(ct);
            await way.NameAsync(connection, rows, ct);
            if (await rows.CompleteAsync(ct) is { } whyNot) return (false, whyNot);
            Failpoints.Hit(Failpoints.RowsAside);
            await transaction.CommitAsync(CancellationToken.None);
            Failpoints.Hit(Failpoints.RowsAsideDone);
            return (true, "");
        }
        catch (PostgresException e) when (StepRefusal.IsRefusal(e))
        {
            return (false, $"{e.SqlState} {e.MessageText}");
        }
    }

    /// <summary>Tables in which rows of others are, too.</summary>
    private async Task<List<SqlName>> SharedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var shared = new List<SqlName>();
        foreach (var load in plan.Tables.GroupBy(t => t.Load))
        {
            var of = $"run_id = '{run}' and source_table in ({string.Join(", ", load.Select(t => SqlText.Literal(t.Source)))})";
            await using var command = new NpgsqlCommand($"select (select count(*) from {load.Key}) <> coalesce((select sum(rows) from godwit.chunk where {of}), 0) - (select count(*) from godwit.quarantine where {of})", connection) { CommandTimeout = 0 };
            if ((bool)(await command.ExecuteScalarAsync(ct))!) shared.Add(load.Key);
        }
        return shared;
    }

    private async Task<List<Standing>> ReadAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Constraints, connection) { Parameters = { new() { Value = plan.Tables.Select(t => t.Load.ToString()).ToArray() } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        var constraints = new List<Standing>();
        while (await row.ReadAsync(ct))
        {
            var loaded = row.GetString(4);
            constraints.Add(new(row.GetChar(0), row.GetString(1), row.GetString(2), row.GetString(3), plan.Tables.First(t => t.Load.ToString() == loaded)));
        }
        return constraints;
    }
}
