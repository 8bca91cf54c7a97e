using System.Globalization;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Copy;

/// <summary>
/// Which rows of a chunk a constraint of the target refused. The server counts the rows of a COPY, and the same read of the same moment yields them in the same
/// order; they go into a table without constraints, so that the server itself says what their keys are.
/// </summary>
internal static class RefusedRow
{
    private const string Resume = "Then run the same command again: it resumes where it stopped.";

    private const int Shown = 5;

    /// <summary>
    /// What the server said, and the keys of the rows. Without them where the table has no key, or the server does not say which row it was.
    /// <paramref name="read"/>: as the chunk was read. <paramref name="or"/>: another way out.
    /// </summary>
    public static async Task<GodwitException> DescribeAsync(ITarget target, ISnapshot snapshot, TableRead read, TablePlan table, PostgresException refused, string or = "")
    {
        var told = TargetErrors.Map(refused, $"loading {table.Source}");
        GodwitException With(string which, string hint) => new(told.Kind, told.Code, $"{told.Problem.TrimEnd('.')}: {which}.", $"{hint} {Resume}{or}", refused) { SqlState = told.SqlState };
        if (table.Key.IsEmpty) return told;
        try
        {
            // Those are looked for when all rows are there, and the server names none.
            if (refused is { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: { } name })
                return await OrphansAsync(target, snapshot, read, table, name) is { } orphans ? With(orphans, "Correct those rows in the source, or drop the foreign key (it can be added again with NOT VALID).") : told;
            return CopyPlace.Row(refused.Where) is { } number && await KeyAsync(target, snapshot, read, table, number) is { } row ? With($"the row {row}", "Correct that row in the source, or drop the constraint (a CHECK can be added again with NOT VALID).") : told;
        }
        catch (Exception e) when (e is GodwitException || TargetErrors.IsTargetError(e))
        {
            // What the target said first is the news.
            return told;
        }
    }

    private static async Task<string?> KeyAsync(ITarget target, ISnapshot snapshot, TableRead read, TablePlan table, long number)
    {
        await foreach (var batch in snapshot.ReadAsync(read, CancellationToken.None))
            using (batch)
            {
                if (number <= batch.Rows)
                {
                    using var connection = Open(target, table);
                    using (var sink = Begin(connection, table)) End(sink, table, Tuple(batch.Tuples.Span, table.Format, (int)number));
                    return Keys(connection, table, "from pg_temp.godwit_refused")[0];
                }
                number -= batch.Rows;
            }
        return null;
    }

    private static async Task<string?> OrphansAsync(ITarget target, ISnapshot snapshot, TableRead read, TablePlan table, string name)
    {
        await using var catalog = await target.ConnectAsync(CancellationToken.None);
        if (await EnforcedKey.FindAsync(catalog, table.Load.ToString(), name, CancellationToken.None) is not { OverTime: false } key) return null;
        using var connection = Open(target, table);
        using (var sink = Begin(connection, table))
        {
            await foreach (var batch in snapshot.ReadAsync(read, CancellationToken.None))
                using (batch)
                    sink.Write(batch.Tuples.Span);
            End(sink, table, []);
        }
        var rows = key.OrphansAmong("pg_temp.godwit_refused");
        var count = long.Parse(connection.Query($"select count(*) {rows}")[0][0]!, CultureInfo.InvariantCulture);
        return count == 0 ? null
            : $"of the rows that were being loaded, {count:N0} {(count == 1 ? "has" : "have")} no parent in {key.Parent}: {string.Join("; ", Keys(connection, table, rows))}{(count > Shown ? " and others" : "")}";
    }

    private static WireConnection Open(ITarget target, TablePlan table)
    {
        var connection = target.OpenWire(CancellationToken.None);
        connection.Query($"begin; create temporary table godwit_refused on commit drop as select {SqlName.List(table.Columns.Select(c => c.Target))} from {table.Load} with no data");
        return connection;
    }

    private static CopyIn Begin(WireConnection connection, TablePlan table)
    {
        var binary = table.Format == RowFormat.Binary;
        var sink = connection.BeginCopyIn($"copy pg_temp.godwit_refused from stdin{(binary ? " (format binary)" : "")}");
        if (binary) sink.Write(BinaryCopy.Header);
        return sink;
    }

    private static void End(CopyIn sink, TablePlan table, ReadOnlySpan<byte> last)
    {
        sink.Write(last);
        if (table.Format == RowFormat.Binary) sink.Write(BinaryCopy.Trailer);
        sink.Complete();
    }

    /// <summary>"id=5" of the first rows, in the order of the keys.</summary>
    private static List<string> Keys(WireConnection connection, TablePlan table, string rows)
    {
        var columns = string.Join(", ", table.Key.Select(SqlName.Quote));
        return [.. connection.Query($"select {string.Join(", ", table.Key.Select((k, i) => $"{SqlName.Quote(k)}::text as k{i}"))} {rows} order by {columns} limit {Shown}")
            .Select(values => string.Join(", ", table.Key.Select((k, i) => $"{table.Columns.First(c => c.Target == k).Source}={values[i]}")))];
    }

    private static ReadOnlySpan<byte> Tuple(ReadOnlySpan<byte> tuples, RowFormat format, int number)
    {
        while (true)
        {
            var length = format == RowFormat.Binary ? BinaryCopy.TupleLength(tuples) : tuples.IndexOf((byte)'\n') + 1;
            if (--number == 0) return tuples[..length];
            tuples = tuples[length..];
        }
    }
}
