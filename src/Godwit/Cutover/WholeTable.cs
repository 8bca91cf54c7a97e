using System.Globalization;
using Godwit.Follow;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>
/// Replaces all rows of a table by those of the table of the same name in another database, in one transaction. What that changes or removes is kept in
/// godwit.repaired of <paramref name="to"/>. <paramref name="why"/> ends the sentence of an error: "" or ", which is not followed".
/// </summary>
internal sealed class WholeTable(StreamEnd from, StreamEnd to, Guid? run, string why = "")
{
    // Generated columns are computed at the other side. The first row says what the table is.
    private const string Columns = """
        (select relkind::text from pg_class where oid = $1::regclass)
        union all (select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum)
        """;

    /// <summary>A session of the source that reads all rows of its tables at one moment, or fails. <paramref name="snapshot"/>: an exported one; null: when it first reads.</summary>
    public WireConnection Open(string? snapshot, CancellationToken ct)
    {
        WireConnection? source = null;
        try
        {
            source = from.Open(ct);
            source.Query("set row_security = off");
            source.Query(ApplicationPath.Session);
            source.Query("begin isolation level repeatable read read only" + (snapshot is null ? "" : $"; set transaction snapshot {SqlText.Literal(snapshot)}"));
            return source;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            source?.Dispose();
            throw from.Map(e, "Opening a session on " + from.Display);
        }
    }

    /// <summary>The rows are those that <paramref name="source"/> sees.</summary>
    public async Task<RepairedTable> BringAsync(WireConnection source, string table, CancellationToken ct)
    {
        var (only, columns) = await ReadableAsync(source, table, ct);
        try
        {
            using var target = to.Open(ct);
            // The side may be behind a fence of its own, and read-only.
            target.Query("begin read write; set local row_security = off; set local session_replication_role = replica; set local godwit.pass = 'on'");
            target.Query(ApplicationPath.Local);
            target.Query(ReplacedRows.Place);
            target.Query($"lock table {table} in share row exclusive mode");
            target.Query(ReplacedRows.Remember(only));
            target.Query($"delete from {only}");
            await CopyPump.RunAsync(source, $"copy (select {columns} from {only}) to stdout", target, $"copy {table} ({columns}) from stdin", binary: false, ct);
            var kept = target.Query($"with kept as ({ReplacedRows.Keep(run, table, only)} returning 1) select count(*) from kept")[0][0]!;
            var written = target.Query(ReplacedRows.Written(only))[0][0]!;
            target.Query("commit");
            return new(table, long.Parse(kept, CultureInfo.InvariantCulture), long.Parse(written, CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw to.Map(e, $"Bringing over {table}{why}");
        }
    }

    /// <summary>The table as it stands behind FROM, and its columns. Where this role may not read all of its rows, the side that refuses says so.</summary>
    private async Task<(string From, string Columns)> ReadableAsync(WireConnection source, string table, CancellationToken ct)
    {
        try
        {
            await using var connection = await from.ConnectAsync(ct);
            await using var command = new NpgsqlCommand(Columns, connection) { Parameters = { new() { Value = table } } };
            await using var row = await command.ExecuteReaderAsync(ct);
            var read = new List<string>();
            while (await row.ReadAsync(ct)) read.Add(row.GetString(0));
            // Tables that inherit from it are tables of their own.
            var (only, columns) = (read[0] == "p" ? table : "only " + table, string.Join(", ", read.Skip(1)));
            source.Query($"select {columns} from {only} limit 0");
            return (only, columns);
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw from.Map(e, $"Reading {table}{why}");
        }
    }
}
