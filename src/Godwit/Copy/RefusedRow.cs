using System.Buffers.Binary;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Copy;

/// <summary>
/// Which row of a chunk a constraint of the target refused. The server counts the rows of a COPY, and the same read of the same moment yields them in the same
/// order; the row goes into a table without constraints, so that the server itself says what its key is.
/// </summary>
internal static class RefusedRow
{
    /// <summary>
    /// What the server said, and the key of the row. Without the key where the table has none, or the server does not say which row it was (foreign keys are
    /// checked when all are there). <paramref name="read"/>: as the chunk was read.
    /// </summary>
    public static async Task<GodwitException> DescribeAsync(ITarget target, ISnapshot snapshot, TableRead read, TablePlan table, PostgresException refused)
    {
        var told = TargetErrors.Map(refused, $"loading {table.Source}");
        if (table.Key.IsEmpty || CopyPlace.Row(refused.Where) is not { } number || await KeyAsync(target, snapshot, read, table, number) is not { } key) return told;
        return new(told.Kind, told.Code, $"{told.Problem.TrimEnd('.')}: the row {key}.",
            "Correct that row in the source, or drop the constraint (a CHECK can be added again with NOT VALID). Then run the same command again: it resumes where it stopped.", refused) { SqlState = told.SqlState };
    }

    private static async Task<string?> KeyAsync(ITarget target, ISnapshot snapshot, TableRead read, TablePlan table, long number)
    {
        try
        {
            await foreach (var batch in snapshot.ReadAsync(read, CancellationToken.None))
                using (batch)
                {
                    if (number <= batch.Rows) return Key(target, table, Tuple(batch.Tuples.Span, table.Format, (int)number));
                    number -= batch.Rows;
                }
        }
        catch (Exception e) when (e is GodwitException || TargetErrors.IsTargetError(e))
        {
            // What the target said first is the news.
        }
        return null;
    }

    private static string Key(ITarget target, TablePlan table, ReadOnlySpan<byte> tuple)
    {
        var (columns, binary) = (SqlName.List(table.Columns.Select(c => c.Target)), table.Format == RowFormat.Binary);
        using var connection = target.OpenWire(CancellationToken.None);
        connection.Query($"begin; create temporary table godwit_refused on commit drop as select {columns} from {table.Load} with no data");
        using (var sink = connection.BeginCopyIn($"copy pg_temp.godwit_refused from stdin{(binary ? " (format binary)" : "")}"))
        {
            if (binary) sink.Write(BinaryCopy.Header);
            sink.Write(tuple);
            if (binary) sink.Write(BinaryCopy.Trailer);
            sink.Complete();
        }
        var values = connection.Query($"select {string.Join(", ", table.Key.Select(k => $"{SqlName.Quote(k)}::text"))} from pg_temp.godwit_refused")[0];
        return string.Join(", ", table.Key.Select((k, i) => $"{table.Columns.First(c => c.Target == k).Source}={values[i]}"));
    }

    private static ReadOnlySpan<byte> Tuple(ReadOnlySpan<byte> tuples, RowFormat format, int number)
    {
        while (true)
        {
            var length = format == RowFormat.Binary ? BinaryLength(tuples) : tuples.IndexOf((byte)'\n') + 1;
            if (--number == 0) return tuples[..length];
            tuples = tuples[length..];
        }
    }

    // https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
    private static int BinaryLength(ReadOnlySpan<byte> tuples)
    {
        var at = 2;
        for (var fields = BinaryPrimitives.ReadInt16BigEndian(tuples); fields > 0; fields--) at += 4 + Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(tuples[at..]));
        return at;
    }
}
