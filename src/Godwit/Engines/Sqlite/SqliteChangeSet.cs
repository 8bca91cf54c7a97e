using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// The log's entries in (after, upTo] and the rows that they name, read in one transaction. Always all entries: a part of them could hold a
/// unique value's new owner without its old one.
/// </summary>
internal sealed class SqliteChangeSet : IChangeSet
{
    private readonly Connection _reader;
    private readonly ImmutableDictionary<string, long> _numbers;
    private readonly long _after;
    private readonly bool _copied;
    private Action<Connection> _giveBack = reader => reader.Dispose();

    private SqliteChangeSet(Connection reader, long after, long upTo, ImmutableArray<ChangedTable> tables, ImmutableDictionary<string, long> numbers, bool copied)
    {
        _reader = reader;
        _after = after;
        _numbers = numbers;
        _copied = copied;
        UpTo = upTo;
        Tables = tables;
    }

    public long UpTo { get; }

    public ImmutableArray<ChangedTable> Tables { get; }

    /// <summary>
    /// <paramref name="blocksWriters"/>: in rollback-journal mode no writer commits while this reader stands in its transaction. The touched rows
    /// are copied aside and the file is let go before anything goes over the network.
    /// </summary>
    internal static SqliteChangeSet Of(Connection reader, DatabaseSchema schema, long after, long upTo, bool blocksWriters)
    {
        var tables = ImmutableArray.CreateBuilder<ChangedTable>();
        var numbers = ImmutableDictionary.CreateBuilder<string, long>();
        using (var list = reader.Query($"SELECT r.name, l.t, max(l.w), count(*) FROM {ChangeLog.Log} l JOIN {ChangeLog.Tables} r USING (t) WHERE l.seq > {after} AND l.seq <= {upTo} GROUP BY l.t"))
            while (list.Step())
            {
                // Tables that were left out of the migration are not followed either.
                if (schema.Tables.FirstOrDefault(t => t.Name == list.Text(0)) is not { } table) continue;
                tables.Add(new ChangedTable(table.Name, ChangeLog.KeyOf(table), list.Bool(2), list.Int64(3)));
                numbers[table.Name] = list.Int64(1);
            }
        var set = new SqliteChangeSet(reader, after, upTo, tables.ToImmutable(), numbers.ToImmutable(), blocksWriters);
        if (blocksWriters) set.CopyAside(schema);
        return set;
    }

    /// <summary>What was recorded by the moment in which <paramref name="reader"/> stands; the reader is given back when the set is disposed.</summary>
    internal static SqliteChangeSet? At(Connection reader, DatabaseSchema schema, long after, Action<Connection> giveBack)
    {
        var last = reader.Int64($"SELECT coalesce(max(seq), 0) FROM {ChangeLog.Log}");
        if (last <= after) return null;
        var set = Of(reader, schema, after, last, blocksWriters: false);
        set._giveBack = giveBack;
        return set;
    }

    private void CopyAside(DatabaseSchema schema)
    {
        _reader.Execute("PRAGMA query_only=0");
        foreach (var change in Tables)
        {
            var table = schema.Tables.First(t => t.Name == change.Table);
            // Generated columns too: those that PostgreSQL cannot compute are read as any other.
            var columns = table.Columns.Select(c => new SqliteIdentifier(c.Name).ToString()).ToList();
            if (TableScan.RowIdName(table) is { } rowId && !table.Columns.Any(c => c.IsRowKey)) columns.Insert(0, rowId);
            // No declared types but that of the row's position: values are kept as they are.
            var definitions = columns.Select(c => c == TableScan.RowIdName(table) || table.Columns.Any(k => k.IsRowKey && new SqliteIdentifier(k.Name).ToString() == c) ? $"{c} INTEGER PRIMARY KEY" : c);
            _reader.Execute($"CREATE TABLE temp.{Aside(change)} ({string.Join(", ", definitions)})");
            _reader.Execute($"INSERT INTO temp.{Aside(change)} ({string.Join(", ", columns)}) SELECT {string.Join(", ", columns.Select(c => $"t.{c}"))} {Stored(change)}");
            if (!change.Whole) _reader.Execute($"CREATE TABLE temp.{Aside(change)}_keys AS SELECT * FROM {Keys(change)}");
        }
        _reader.Execute("COMMIT");
    }

    private string Aside(ChangedTable table) => $"_godwit_aside_{_numbers[table.Table]}";

    private string Keys(ChangedTable table) =>
        $"(SELECT DISTINCT {string.Join(", ", table.Key.Select((_, i) => $"k{i}"))} FROM {ChangeLog.Log} WHERE t = {_numbers[table.Table]} AND seq > {_after} AND seq <= {UpTo} AND w = 0)";

    /// <summary>The touched rows in their table, as t.</summary>
    private string Stored(ChangedTable table)
    {
        var name = new SqliteIdentifier(table.Table);
        return table.Whole
            ? $"FROM main.{name} AS t"
            // The first comparison finds the row by its index, the second tells spellings apart that the key's collation takes as equal.
            : $"FROM {Keys(table)} AS d CROSS JOIN main.{name} AS t ON {string.Join(" AND ", table.Key.Select((c, i) => $"t.{new SqliteIdentifier(c)} IS d.k{i} AND t.{new SqliteIdentifier(c)} IS d.k{i} COLLATE BINARY"))}";
    }

    public IAsyncEnumerable<RowBatch> ReadKeysAsync(ChangedTable table, ImmutableArray<ColumnRead> key, CancellationToken ct)
    {
        var logged = new Table { Name = ChangeLog.Log, HasRowId = false, Columns = [.. key.Select((_, i) => new Column { Name = $"k{i}", DeclaredType = "" })] };
        return ReadAsync(new TableRead(logged, [.. key.Select((c, i) => c with { Name = $"k{i}" })], KeyRange.All), $"FROM {(_copied ? $"temp.{Aside(table)}_keys" : Keys(table))} AS t", ct);
    }

    public IAsyncEnumerable<RowBatch> ReadRowsAsync(ChangedTable table, Table source, ImmutableArray<ColumnRead> columns, CancellationToken ct) =>
        // A table that is brought over whole although its keys are known (rows in quarantine) is read from the file itself.
        ReadAsync(new TableRead(source, columns, KeyRange.All), _copied && table.Whole == Tables.First(t => t.Table == table.Table).Whole ? $"FROM temp.{Aside(table)} AS t" : Stored(table), ct);

    private async IAsyncEnumerable<RowBatch> ReadAsync(TableRead read, string from, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Yield();
        using var batches = Guard(() => BatchReader.Start(_reader, read, from));
        while (Guard(() => batches.Next(ct)) is { } batch) yield return batch;

        T Guard<T>(Func<T> work)
        {
            try
            {
                return work();
            }
            catch (SqliteFailure failure)
            {
                throw SqliteErrors.Map(failure, _reader.Path, read.Table.Name);
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _giveBack(_reader);
        return ValueTask.CompletedTask;
    }
}
