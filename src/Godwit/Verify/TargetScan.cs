using System.Buffers.Text;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Verify;

/// <summary>Reads rows of the target as PostgreSQL prints them.</summary>
internal static class TargetScan
{
    private const int Stride = 16 * 1024;

    /// <summary>
    /// COPY of every compared column as text; the last field is the row's ctid where asked for. <paramref name="rest"/>: what follows the
    /// table's name.
    /// </summary>
    public static string Sql(ComparedTable table, string rest, bool withCtid) =>
        $"COPY (SELECT {string.Join(", ", table.Columns.Select(c => c.SelectFrom("t")))}{(withCtid ? ", t.ctid::text" : "")} FROM {table.From} AS t{rest}) TO STDOUT (FORMAT binary)";

    /// <summary>Pages [from, to) as a TID range scan (PostgreSQL 14 and later); null is open.</summary>
    public static string Pages(long? from, long? to) =>
        (from, to) switch
        {
            (null, null) => "",
            (null, { } t) => $" WHERE ctid < '({t},0)'",
            ({ } f, null) => $" WHERE ctid >= '({f},0)'",
            ({ } f, { } t) => $" WHERE ctid >= '({f},0)' AND ctid < '({t},0)'",
        };

    /// <summary>Calls <paramref name="row"/> for each row of a query; runs on the caller's thread until the stream has ended.</summary>
    public static async Task ReadAsync(NpgsqlConnection connection, string sql, int fields, Action<CopyReader> row, CancellationToken ct)
    {
        var stream = await connection.BeginRawBinaryCopyAsync(sql, ct);
        try
        {
            using var reader = new CopyReader(stream, fields);
            while (reader.Next())
            {
                row(reader);
                ct.ThrowIfCancellationRequested();
            }
        }
        catch
        {
            // Disposing reads the rest of the stream, which may be gigabytes.
            await stream.CancelAsync();
            throw;
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    /// <summary>Every row of a piece of the table to the sink, on the caller's thread.</summary>
    public static void Sum(WireConnection connection, ComparedTable table, string rest, bool withCtid, RowSink sink, Action progress, CancellationToken ct)
    {
        var meaning = new TargetMeaning();
        ComparedColumn[] columns = [.. table.Columns];
        // In the text format a bytea would be twice as long, in hexadecimal digits.
        var text = columns.All(c => c.Form != CellForm.Bytes);
        var select = text
            ? $"COPY (SELECT {string.Join(", ", columns.Select(c => c.PrintedFrom("t")))}{(withCtid ? (columns.Length == 0 ? "" : ", ") + "t.ctid" : "")} FROM {table.From} AS t{rest}) TO STDOUT"
            : Sql(table, rest, withCtid);
        using var copy = connection.BeginCopyOut(select);
        var reader = new TargetRows(copy, columns.Length + (withCtid ? 1 : 0), text, ct);
        long rows = 0;
        while (reader.Next())
        {
            Digest row = Digest.Start, key = Digest.Start;
            for (var i = 0; i < columns.Length; i++)
            {
                var digest = reader.IsNull(i) ? Digest.Null : meaning.Of(columns[i], reader.Field(i));
                row = row.Then(digest);
                if (columns[i].IsKey) key = key.Then(digest);
            }
            sink.Take(table.HasKey ? key : row, row, withCtid ? Ctid(reader.Field(columns.Length)) : 0);
            if (++rows < Stride) continue;
            table.CountTarget(rows);
            rows = 0;
            progress();
        }
        table.CountTarget(rows);
        progress();
    }

    /// <summary>"(page,item)" as page x 65536 + item.</summary>
    public static long Ctid(ReadOnlySpan<byte> text)
    {
        if (!Utf8Parser.TryParse(text[1..], out long page, out var used) || !Utf8Parser.TryParse(text[(used + 2)..], out int item, out _))
            throw new GodwitException(ErrorKind.Internal, "ctid-unreadable", "The target printed a ctid that is not (page,item).");
        return page << 16 | (uint)item;
    }

    public static string CtidText(long packed) => $"({packed >> 16},{packed & 0xffff})";
}
