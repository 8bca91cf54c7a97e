using System.Text.RegularExpressions;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Which rows a refused step asks to be set aside. What it makes to find that out is gone when it has named them.</summary>
internal abstract partial record AsideStep
{
    /// <summary>Null: no choice of rows would make the step possible, or none that is easily told.</summary>
    public static AsideStep? Of(SqlStep step, PostgresException broken)
    {
        var statement = SqlScript.Split(step.Sql)[^1];
        return (step.Kind, broken.SqlState) switch
        {
            (StepKind.ForeignKeyValidation, PostgresErrorCodes.ForeignKeyViolation) when broken is { ConstraintName: { } name, SchemaName: { } schema, TableName: { } table } => new OfKey(new SqlName(schema, table).ToString(), name),
            (StepKind.ForeignKey, PostgresErrorCodes.ForeignKeyViolation) when Addition().Match(statement) is { Success: true } added => new OfNewKey(added, step),
            (StepKind.Check, PostgresErrorCodes.CheckViolation) when Addition().Match(statement) is { Success: true } added => new OfCheck(added, step),
            (StepKind.Constraint, PostgresErrorCodes.UniqueViolation) when Addition().Match(statement) is { Success: true } added => new OfDuplicates(added, step, $"ALTER TABLE {Twin} {added.Groups["rest"].Value}"),
            // Keys WITHOUT OVERLAPS (PostgreSQL 18) too.
            (StepKind.Constraint, PostgresErrorCodes.ExclusionViolation) when Addition().Match(statement) is { Success: true } added => new OfExclusion(added, step),
            (StepKind.Index, PostgresErrorCodes.UniqueViolation) when UniqueIndex().Match(statement) is { Success: true } index => new OfDuplicates(index, step, $"CREATE UNIQUE INDEX ON {Twin} {index.Groups["rest"].Value}"),
            _ => null,
        };
    }

    /// <summary>Of a constraint that stands, and that nobody has proven; <paramref name="statement"/> would add it. Null: none of those whose rows can be told.</summary>
    public static AsideStep? OfStanding(char kind, string table, string name, string statement)
    {
        if (kind == 'f') return new OfKey(table, name);
        if (Addition().Match(statement) is not { Success: true } added) return null;
        var step = new SqlStep(name, StepKind.Constraint, name, statement, "");
        return kind == 'x' || added.Groups["rest"].Value.Contains(" WITHOUT OVERLAPS", StringComparison.Ordinal) ? new OfExclusion(added, step) : new OfDuplicates(added, step, $"ALTER TABLE {Twin} {added.Groups["rest"].Value}");
    }

    /// <summary>A table like that of the step, without rows: on it the server says what the statement means.</summary>
    private const string Twin = "godwit.aside_twin";

    public abstract Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct);

    /// <summary>A foreign key that stands NOT VALID.</summary>
    private sealed record OfKey(string Table, string Name) : AsideStep
    {
        public override async Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct)
        {
            if (await EnforcedKey.FindAsync(connection, Table, Name, ct) is { } key) await rows.OrphansAsync(key, ct);
        }
    }

    /// <summary>One that is only made as a whole, of a partitioned table.</summary>
    private sealed record OfNewKey(Match Added, SqlStep Step) : AsideStep
    {
        public override async Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct)
        {
            // Indexes of the parent may call what the application's sessions alone find.
            await rows.OwnSettingsAsync(ct);
            foreach (var setting in SqlScript.Split(Step.Sql)[..^1]) await ExecuteAsync(connection, setting, ct);
            await ExecuteAsync(connection, $"CREATE TABLE {Twin} (LIKE {TableOf(Added)}); ALTER TABLE {Twin} {Added.Groups["rest"].Value}", ct);
            var key = await EnforcedKey.FindAsync(connection, Twin, SqlScript.NameOf(Added.Groups["name"].Value), ct);
            await ExecuteAsync(connection, $"DROP TABLE {Twin}", ct);
            await rows.PrintedAsync(ct);
            if (key is not null) await rows.OrphansAsync(key with { Child = TableOf(Added) }, ct);
        }
    }

    private sealed record OfCheck(Match Added, SqlStep Step) : AsideStep
    {
        public override async Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct)
        {
            if (Step.Fallback is not { Length: > 0 } unproven) return;
            await rows.OwnSettingsAsync(ct);
            foreach (var statement in SqlScript.Split(unproven)) await ExecuteAsync(connection, statement, ct);
            string expression, columns;
            bool only;
            var name = SqlScript.NameOf(Added.Groups["name"].Value);
            await using (var command = new NpgsqlCommand("""
                select pg_get_expr(k.conbin, k.conrelid), k.connoinherit, array_to_string(array(select a.attname from unnest(k.conkey) u(n) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.n), ', ')
                from pg_constraint k where k.contype = 'c' and k.conname = $1 and k.conrelid = $2::regclass
                """, connection) { Parameters = { new() { Value = name }, new() { Value = TableOf(Added) } } })
            await using (var reader = await command.ExecuteReaderAsync(ct))
            {
                if (!await reader.ReadAsync(ct)) return;
                (expression, only, columns) = (reader.GetString(0), reader.GetBoolean(1), reader.GetString(2));
            }
            // Under the search_path that the check was added with.
            await rows.NameAsync($"tableoid, ctid, {SqlText.Literal(columns)}, {SqlText.Literal($"check {name}")} from {(only ? "only " : "")}{TableOf(Added)} where ({expression}) is false", ct);
            await ExecuteAsync(connection, $"ALTER TABLE {TableOf(Added)} DROP CONSTRAINT {Added.Groups["name"].Value}", ct);
            await rows.PrintedAsync(ct);
        }
    }

    /// <summary>Of the rows of one key the first stays: by the table's own key, else by how the row prints.</summary>
    private sealed record OfDuplicates(Match Statement, SqlStep Step, string OnTwin) : AsideStep
    {
        public override async Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct)
        {
            await rows.OwnSettingsAsync(ct);
            foreach (var setting in SqlScript.Split(Step.Sql)[..^1]) await ExecuteAsync(connection, setting, ct);
            await ExecuteAsync(connection, $"CREATE TABLE {Twin} (LIKE {TableOf(Statement)})", ct);
            await ExecuteAsync(connection, OnTwin, ct);
            if (await KeyOfTwinAsync(connection, ct) is not var (terms, predicate, nullsAreOne)) return;
            await ExecuteAsync(connection, $"DROP TABLE {Twin}", ct);
            var where = (predicate is null ? [] : (string[])[$"({predicate})"]).Concat(nullsAreOne ? [] : [$"num_nulls({string.Join(", ", terms)}) = 0"]).ToList();
            await rows.NameAsync($"""
                d.rel, d.id, {SqlText.Literal(string.Join(", ", terms.Select(Plain)))}, {SqlText.Literal($"unique key {SqlScript.NameOf(Statement.Groups["name"].Value)}: another row with its values stays")}
                from (select tableoid as rel, ctid as id, row_number() over (partition by {string.Join(", ", terms)} order by {Order(rows, TableOf(Statement))}) as n from only {TableOf(Statement)} a_row{(where.Count == 0 ? "" : " where " + string.Join(" and ", where))}) d where d.n > 1
                """, ct);
            await rows.PrintedAsync(ct);
        }
    }

    /// <summary>In the order of <see cref="OfDuplicates"/> each row stays that conflicts with none of those that stay: the server decides it, row by row, on the twin.</summary>
    private sealed record OfExclusion(Match Added, SqlStep Step) : AsideStep
    {
        public override async Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct)
        {
            await rows.OwnSettingsAsync(ct);
            foreach (var setting in SqlScript.Split(Step.Sql)[..^1]) await ExecuteAsync(connection, setting, ct);
            // ON CONFLICT takes no constraint that is looked at late.
            await ExecuteAsync(connection, $"CREATE TABLE {Twin} (LIKE {TableOf(Added)}); ALTER TABLE {Twin} {Late().Replace(Added.Groups["rest"].Value, "")}", ct);
            if (await KeyOfTwinAsync(connection, ct) is not var (terms, _, _)) return;
            await ExecuteAsync(connection, $"ALTER TABLE {Twin} ADD \"godwit's table\" oid, ADD \"godwit's place\" tid", ct);
            await ExecuteAsync(connection, $"insert into {Twin} select a_row.*, a_row.tableoid, a_row.ctid from only {TableOf(Added)} a_row order by {Order(rows, TableOf(Added))} on conflict do nothing", ct);
            await rows.NameAsync($"""
                a_row.tableoid, a_row.ctid, {SqlText.Literal(string.Join(", ", terms.Select(Plain)))}, {SqlText.Literal($"exclusion {SqlScript.NameOf(Added.Groups["name"].Value)}: a row that it conflicts with stays")}
                from only {TableOf(Added)} a_row where not exists (select from {Twin} w where w."godwit's table" = a_row.tableoid and w."godwit's place" = a_row.ctid)
                """, ct);
            await ExecuteAsync(connection, $"DROP TABLE {Twin}", ct);
            await rows.PrintedAsync(ct);
        }
    }

    /// <summary>Which of several rows comes first: by the table's own key, else by how it prints.</summary>
    private static string Order(AsideRows rows, string table) =>
        string.Join(", ", rows.KeyOf(table).Select(k => $"a_row.{SqlName.AlwaysQuote(k)}").Append("concat(a_row.*) collate \"C\"").Append("a_row.ctid"));

    /// <summary>What the twin's only index asks for; null where it has none.</summary>
    private static async Task<(string[] Terms, string? Predicate, bool NullsAreOne)?> KeyOfTwinAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("PostData/Sql/unique-key.sql"), connection) { Parameters = { new() { Value = Twin } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? (reader.GetFieldValue<string[]>(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetBoolean(2)) : null;
    }

    /// <summary>A term without what holds it together: (mail) COLLATE pg_catalog."default".</summary>
    private static string Plain(string term)
    {
        var end = term.LastIndexOf(" COLLATE ", StringComparison.Ordinal);
        return end < 0 ? term[1..^1] : term[1..(end - 1)];
    }

    private static string TableOf(Match statement) => statement.Groups["table"].Value;

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    // As pg_dump writes them; names are quoted where they have to be.
    [GeneratedRegex("""^ALTER TABLE (ONLY )?(?<table>(?:"(?:[^"]|"")*"|[^\s".]+)\.(?:"(?:[^"]|"")*"|[^\s".]+))\s+(?<rest>ADD CONSTRAINT (?<name>"(?:[^"]|"")*"|[^\s"]+)\s.*?);?\s*$""", RegexOptions.Singleline)]
    private static partial Regex Addition();

    [GeneratedRegex(@"\s+DEFERRABLE(\s+INITIALLY\s+(DEFERRED|IMMEDIATE))?\s*$")]
    private static partial Regex Late();

    [GeneratedRegex("""^CREATE UNIQUE INDEX (?<name>"(?:[^"]|"")*"|[^\s"]+) ON (ONLY )?(?<table>(?:"(?:[^"]|"")*"|[^\s".]+)\.(?:"(?:[^"]|"")*"|[^\s".]+)) (?<rest>USING .*?);?\s*$""", RegexOptions.Singleline)]
    private static partial Regex UniqueIndex();
}
