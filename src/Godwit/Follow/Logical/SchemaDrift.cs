using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>
/// What the origin allows since the copy and the other side does not: labels of an enum, which are added there too; constraints, types and partitions, for
/// which it names the statements to run.
/// </summary>
internal sealed class SchemaDrift(StreamEnd from, StreamEnd to, Action<Finding> found)
{
    private const string Labels = """
        select n.nspname, t.typname, e.enumlabel::text from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace
        where n.nspname !~ '^pg_' order by t.oid, e.enumsortorder
        """;

    // Of the table itself, and of the domains of its columns. A unique index need not be a constraint.
    private const string Constraints = """
        select c.conname::text, pg_get_constraintdef(c.oid), '' from pg_constraint c where c.conrelid = to_regclass($1)
        union all select c.conname, pg_get_constraintdef(c.oid), quote_ident(n.nspname) || '.' || quote_ident(t.typname)
          from pg_constraint c join pg_type t on t.oid = c.contypid join pg_namespace n on n.oid = t.typnamespace where c.contypid in (select atttypid from pg_attribute where attrelid = to_regclass($1))
        union all select x.relname, 'index', quote_ident(n.nspname) || '.' || quote_ident(x.relname) from pg_index i join pg_class x on x.oid = i.indexrelid join pg_namespace n on n.oid = x.relnamespace
          where i.indrelid = to_regclass($1) and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.conrelid = i.indrelid)
        """;

    private const string Columns = "select attname::text, format_type(atttypid, atttypmod), attnotnull::text from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum";

    private const string Partitions = """
        select quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(pn.nspname) || '.' || quote_ident(p.relname), pg_get_expr(c.relpartbound, c.oid), coalesce(' PARTITION BY ' || pg_get_partkeydef(c.oid), '')
        from pg_partition_tree(to_regclass($1)) t join pg_class c on c.oid = t.relid join pg_namespace n on n.oid = c.relnamespace join pg_class p on p.oid = t.parentrelid join pg_namespace pn on pn.oid = p.relnamespace
        order by t.level, c.oid
        """;

    /// <summary>Null where it was mended, so that the same change can be tried again; else why it cannot be applied, and what to run.</summary>
    public async Task<GodwitException?> MendAsync(ChangeRefused refused, CancellationToken ct)
    {
        await using var there = await from.ConnectAsync(ct);
        await using var here = await to.ConnectAsync(ct);
        try
        {
            // Both sides print names alike then, and so that they mean the same for whoever runs them.
            foreach (var side in new[] { there, here })
                await using (var path = new NpgsqlCommand("set search_path = pg_catalog", side)) await path.ExecuteNonQueryAsync(ct);
            if (refused.Error.SqlState == PostgresErrorCodes.InvalidTextRepresentation)
            {
                var (added, renamed) = await LabelsAsync(there, here, ct);
                if (added) return null;
                if (renamed.Count > 0) return Changed(refused, "other labels of an enum", renamed);
            }
            var (what, run) = refused.Error switch
            {
                { SqlState: PostgresErrorCodes.NotNullViolation } => ("NULL in a column", await NullableAsync(there, here, refused, ct)),
                { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: null or "" } => ("rows for which there is a partition", await PartitionsAsync(there, here, refused, ct)),
                { ConstraintName: { Length: > 0 } name } => ("what a constraint forbids", await ConstraintAsync(there, here, refused, name, ct)),
                _ => ("values of another type", await TypesAsync(there, here, refused, ct)),
            };
            if (run.Count > 0) return Changed(refused, what, run);
        }
        catch (NpgsqlException e)
        {
            throw to.Map(e, $"Comparing {refused.Target} with {refused.Origin}");
        }
        return refused.Error.SqlState == PostgresErrorCodes.UniqueViolation
            ? new(ErrorKind.Blocked, "follow-conflict", $"A change of {refused.Origin} cannot be applied: {refused.Target} holds another row that the constraint {refused.Error.ConstraintName} does not allow beside it. Somebody else writes to {refused.Target}.",
                "Find and remove the row that does not come from the source (godwit verify names it), then godwit follow.", refused.Error) { SqlState = refused.Error.SqlState }
            : TargetErrors.Map(refused.Error, $"applying changes to {refused.Target}");
    }

    private GodwitException Changed(ChangeRefused refused, string what, IReadOnlyList<string> statements) =>
        new(ErrorKind.Blocked, TableResolver.SchemaChanged, $"{refused.Origin} was changed since the copy: it takes {what} that {refused.Target} refuses. What is not applied waits in the source's own record.",
            $"run on the other side ({to.Display}): {string.Join("; ", statements)}; then godwit follow", refused.Error) { SqlState = refused.Error.SqlState };

    /// <summary>Adds labels that the origin has more. Where it no longer has one of those here, it was renamed: which one became which is not Godwit's to guess.</summary>
    private async Task<(bool Added, List<string> Renamed)> LabelsAsync(NpgsqlConnection there, NpgsqlConnection here, CancellationToken ct)
    {
        var source = await LabelsAsync(there, ct);
        var renamed = new List<string>();
        var added = false;
        foreach (var (type, labels) in await LabelsAsync(here, ct))
        {
            if (!source.TryGetValue(type, out var wanted) || wanted.All(labels.Contains)) continue;
            if (labels.Where(l => !wanted.Contains(l)).ToList() is { Count: > 0 } gone)
            {
                renamed.Add(gone.Count == 1 && wanted.Where(l => !labels.Contains(l)).ToList() is [var one] ? $"ALTER TYPE {type} RENAME VALUE {SqlText.Literal(gone[0])} TO {SqlText.Literal(one)}"
                    : $"ALTER TYPE {type} RENAME VALUE {SqlText.Literal(gone[0])} TO ... (there are now: {string.Join(", ", wanted.Select(SqlText.Literal))})");
                continue;
            }
            for (var i = 0; i < wanted.Count; i++)
            {
                if (labels.Contains(wanted[i])) continue;
                var sql = $"ALTER TYPE {type} ADD VALUE IF NOT EXISTS {SqlText.Literal(wanted[i])} {(i > 0 ? $"AFTER {SqlText.Literal(wanted[i - 1])}" : $"BEFORE {SqlText.Literal(labels[0])}")}";
                try
                {
                    await using var command = new NpgsqlCommand(sql, here);
                    await command.ExecuteNonQueryAsync(ct);
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
                {
                    throw new GodwitException(ErrorKind.Blocked, TableResolver.SchemaChanged, $"{type} was given the label {SqlText.Literal(wanted[i])} since the copy, and the role that follows may not change the type. What is not applied waits in the source's own record.",
                        $"run as the type's owner on the other side ({to.Display}): {sql}; then godwit follow", e) { SqlState = e.SqlState };
                }
                found(new("follow-label-added", Severity.Info, type, $"The label {SqlText.Literal(wanted[i])} was added at the origin, and here.", null));
                added = true;
            }
        }
        return (added, renamed);
    }

    private static async Task<Dictionary<string, List<string>>> LabelsAsync(NpgsqlConnection connection, CancellationToken ct) =>
        (await RowsAsync(connection, Labels, null, ct)).GroupBy(r => new SqlName(r[0]!, r[1]!).ToString()).ToDictionary(g => g.Key, g => g.Select(r => r[2]!).ToList(), StringComparer.Ordinal);

    private static async Task<List<string>> NullableAsync(NpgsqlConnection there, NpgsqlConnection here, ChangeRefused refused, CancellationToken ct)
    {
        var source = (await RowsAsync(there, Columns, refused.Origin, ct)).ToDictionary(r => r[0]!, r => r[2] == "true", StringComparer.Ordinal);
        return [.. (await RowsAsync(here, Columns, refused.Target, ct)).Where(r => r[2] == "true" && source.TryGetValue(r[0]!, out var needed) && !needed).Select(r => $"ALTER TABLE {refused.Target} ALTER COLUMN {SqlName.Quote(r[0]!)} DROP NOT NULL")];
    }

    private static async Task<List<string>> TypesAsync(NpgsqlConnection there, NpgsqlConnection here, ChangeRefused refused, CancellationToken ct)
    {
        var source = (await RowsAsync(there, Columns, refused.Origin, ct)).ToDictionary(r => r[0]!, r => r[1]!, StringComparer.Ordinal);
        return [.. (await RowsAsync(here, Columns, refused.Target, ct)).Where(r => source.TryGetValue(r[0]!, out var type) && type != r[1]).Select(r => $"ALTER TABLE {refused.Target} ALTER COLUMN {SqlName.Quote(r[0]!)} TYPE {source[r[0]!]}")];
    }

    private static async Task<List<string>> ConstraintAsync(NpgsqlConnection there, NpgsqlConnection here, ChangeRefused refused, string name, CancellationToken ct)
    {
        var source = (await RowsAsync(there, Constraints, refused.Origin, ct)).Where(r => r[0] == name).ToDictionary(r => r[2]!, r => r[1]!, StringComparer.Ordinal);
        var statements = new List<string>();
        foreach (var row in (await RowsAsync(here, Constraints, refused.Target, ct)).Where(r => r[0] == name))
        {
            var (definition, owner) = (row[1]!, row[2]!);
            if (source.TryGetValue(owner, out var now) && now == definition) continue;
            var subject = owner.Length == 0 ? $"TABLE {refused.Target}" : $"DOMAIN {owner}";
            statements.Add(definition == "index" ? $"DROP INDEX {owner}" : $"ALTER {subject} DROP CONSTRAINT {SqlName.Quote(name)}");
            if (now is not null) statements.Add($"ALTER {subject} ADD CONSTRAINT {SqlName.Quote(name)} {now}");
        }
        return statements;
    }

    private static async Task<List<string>> PartitionsAsync(NpgsqlConnection there, NpgsqlConnection here, ChangeRefused refused, CancellationToken ct)
    {
        var known = (await RowsAsync(here, Partitions, refused.Target, ct)).Select(r => r[0]).ToHashSet(StringComparer.Ordinal);
        return [.. (await RowsAsync(there, Partitions, refused.Origin, ct)).Where(r => !known.Contains(r[0])).Select(r => $"CREATE TABLE {r[0]} PARTITION OF {r[1]} {r[2]}{r[3]}")];
    }

    private static async Task<List<string?[]>> RowsAsync(NpgsqlConnection connection, string sql, SqlName? table, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        if (table is not null) command.Parameters.Add(new() { Value = table.ToString() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<string?[]>();
        while (await reader.ReadAsync(ct)) rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))]);
        return rows;
    }
}
