using System.Collections.Immutable;
using System.Globalization;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// One pass over the rows of a range. The columns of the statement are the position (where the table has one), the requested columns,
/// and <c>extra</c> ones that no visitor sees.
/// </summary>
internal sealed unsafe class TableScan : IDisposable
{
    /// <summary>Fewer positions are not worth a statement of their own. Rows of 50 kB are: a thousand of them are a chunk.</summary>
    private const long SmallSpan = 1_000;
    /// <summary>SQLITE_MAX_COLUMN of the native library, for tables and for results.</summary>
    private const int MaxColumns = 2000;
    private static readonly string[] RowIdNames = ["rowid", "_rowid_", "oid"];
    private readonly Statement _statement;
    private readonly int _columns;
    /// <summary>1 where the first result column is the position and nothing else, else 0.</summary>
    private readonly int _offset;
    /// <summary>The result column that is the position, -1 where there is none.</summary>
    private readonly int _position;
    private long _ordinal;

    private TableScan(Statement statement, int columns, int offset, int position)
    {
        _statement = statement;
        _columns = columns;
        _offset = offset;
        _position = position;
    }

    internal Statement Statement => _statement;

    internal static TableScan Start(Connection reader, Table table, ImmutableArray<string> columns, ImmutableArray<string> extra, KeyRange range)
    {
        var rowId = RowIdName(table);
        if (rowId is null && range != KeyRange.All) throw new ArgumentException($"Table {table.Name} has no row positions.", nameof(range));
        // INTEGER PRIMARY KEY is the position: it is not read twice.
        var key = rowId is null ? -1 : columns.IndexOf(table.Columns.FirstOrDefault(c => c.IsRowKey)?.Name ?? "", NameComparer.Instance);
        var sql = Sql(table, columns.AddRange(extra), range, rowId, key < 0);
        var statement = reader.Query(sql);
        try
        {
            var bound = 0;
            if (range.From is { } from) statement.Bind(++bound, from);
            if (range.To is { } to) statement.Bind(++bound, to);
            return new TableScan(statement, columns.Length, rowId is null || key >= 0 ? 0 : 1, rowId is null ? -1 : Math.Max(key, 0));
        }
        catch
        {
            statement.Dispose();
            throw;
        }
    }

    /// <summary>The rows that a statement of the engine's own yields: its columns are the position, then <paramref name="columns"/> others.</summary>
    internal static TableScan Start(Connection reader, string sql, int columns, bool position) => new(reader.Query(sql), columns, position ? 1 : 0, position ? 0 : -1);

    // NOT INDEXED: a covering index would yield another order. It does not forbid the lookup by rowid (https://www.sqlite.org/lang_indexedby.html),
    // and says nothing about the indexes of a WITHOUT ROWID table.
    private static string Sql(Table table, ImmutableArray<string> columns, KeyRange range, string? rowId, bool position)
    {
        // An expression may name the table that it belongs to.
        var t = table.Columns.Any(c => c.Computed is not null) ? new SqliteIdentifier(table.Name).ToString() : "t";
        var terms = columns.Select(column => table.Columns.FirstOrDefault(c => c.Computed is not null && c.Name == column) is { } computed ? Computed(computed) : $"{t}.{new SqliteIdentifier(column)}").ToList();
        if (rowId is not null && position) terms.Insert(0, $"{t}.{rowId}");
        else if (terms.Count == 0) terms.Add("0");
        var sql = $"SELECT {string.Join(", ", terms)} FROM main.{new SqliteIdentifier(table.Name)} AS {t} NOT INDEXED";
        if (rowId is null) return sql + KeyOrder(table, t);
        var bounds = new List<string>();
        if (range.From is not null) bounds.Add($"{t}.{rowId} >= ?");
        if (range.To is not null) bounds.Add($"{t}.{rowId} <= ?");
        if (bounds.Count > 0) sql += $" WHERE {string.Join(" AND ", bounds)}";
        return sql + $" ORDER BY {t}.{rowId}";
    }

    // NOT makes a number of anything, as CHECK and WHERE do; NULL refuses nothing and holds for nothing.
    private static string Computed(Column column)
    {
        var sql = $"({column.Computed!.Sql})";
        string Text(string function, string arguments) => $"CASE typeof({sql}) WHEN 'text' THEN {function}({sql}{arguments}) ELSE {sql} END";
        return column.Computed.Reading switch
        {
            Reading.Holds => $"coalesce(NOT NOT {sql}, 0)",
            Reading.Refuses => $"coalesce(NOT {sql}, 0)",
            _ => column.Collation?.ToUpperInvariant() switch { "NOCASE" => Text("lower", ""), "RTRIM" => Text("rtrim", ", ' '"), _ => sql },
        };
    }

    // The order in which the table stands, so that nothing is sorted; where the key may compare otherwise than its column, bytes decide.
    private static string KeyOrder(Table table, string t)
    {
        if (table.PrimaryKey is not { } key) return "";
        var terms = key.Columns.Select(c => $"{t}.{new SqliteIdentifier(c)}");
        var collated = key.Columns.Where(c => table.FindColumn(c)?.Collation is not null).Select(c => $"{t}.{new SqliteIdentifier(c)} COLLATE BINARY");
        return $" ORDER BY {string.Join(", ", terms.Concat(collated))}";
    }

    /// <summary>A name that reaches the rowid: one of the three that no column shadows, else the column that is the rowid. Null where none does.</summary>
    internal static string? RowIdName(Table table)
    {
        if (!table.HasRowId) return null;
        return FreeRowIdName(table.Columns.Select(c => c.Name)) ?? (table.Columns.FirstOrDefault(c => c.IsRowKey) is { } key ? new SqliteIdentifier(key.Name).ToString() : null);
    }

    /// <summary>
    /// Whether rows have positions: WITHOUT ROWID tables have none, every name of it may be taken, and a table of the greatest width leaves
    /// no room for it in a result.
    /// </summary>
    internal static bool HasPositions(IReadOnlyCollection<Column> columns, bool withoutRowId) =>
        !withoutRowId && columns.Count < MaxColumns && (FreeRowIdName(columns.Select(c => c.Name)) is not null || columns.Any(c => c.IsRowKey));

    /// <summary>Every name by which a statement can say the rowid.</summary>
    internal static IEnumerable<string> FreeRowIdNames(Table table) => RowIdNames.Where(name => !table.Columns.Any(column => SqliteIdentifier.Same(column.Name, name)));

    private static string? FreeRowIdName(IEnumerable<string> columns)
    {
        var taken = columns.ToList();
        return RowIdNames.FirstOrDefault(name => !taken.Exists(column => SqliteIdentifier.Same(column, name)));
    }

    internal static ImmutableArray<KeyRange> Partition(Connection reader, Table table, int pieces)
    {
        if (pieces <= 1 || RowIdName(table) is not { } rowId) return [KeyRange.All];
        var from = new SqliteIdentifier(table.Name);
        using var statement = reader.Query($"SELECT (SELECT min(t.{rowId}) FROM main.{from} AS t), (SELECT max(t.{rowId}) FROM main.{from} AS t)");
        if (!statement.Step() || statement.IsNull(0)) return [KeyRange.All];
        return Cut(statement.Int64(0), statement.Int64(1), pieces);
    }

    /// <summary>Open at both ends, so that no row can stand outside.</summary>
    internal static ImmutableArray<KeyRange> Cut(long min, long max, int pieces)
    {
        var span = (Int128)max - min + 1;
        pieces = (int)Int128.Min(pieces, span / SmallSpan);
        if (pieces <= 1) return [KeyRange.All];
        var ranges = ImmutableArray.CreateBuilder<KeyRange>(pieces);
        long? from = null;
        for (var i = 1; i < pieces; i++)
        {
            var next = (long)(min + span * i / pieces);
            ranges.Add(new KeyRange(from, next - 1));
            from = next;
        }
        ranges.Add(new KeyRange(from, null));
        return ranges.MoveToImmutable();
    }

    /// <summary>Runs until the end or until the visitor stops; returns false when there are no more rows. Allocates nothing a row or cell.</summary>
    internal bool Run<TVisitor>(ref TVisitor visitor, CancellationToken ct) where TVisitor : struct, IRowVisitor =>
        _statement.Connection.Utf16 ? Run<TVisitor, ConvertedText>(ref visitor, ct) : Run<TVisitor, StoredText>(ref visitor, ct);

    private bool Run<TVisitor, TText>(ref TVisitor visitor, CancellationToken ct) where TVisitor : struct, IRowVisitor where TText : struct, ITextAccess
    {
        var statement = _statement.Handle;
        while (true)
        {
            var rc = Native.Step(statement);
            if (rc != Native.Row)
            {
                if (rc == Native.Done) return false;
                throw _statement.Connection.Failure(rc);
            }
            if ((++_ordinal & 0xfff) == 0) ct.ThrowIfCancellationRequested();
            visitor.BeginRow(_position >= 0 ? Native.ValueInt64(Native.ColumnValue(statement, _position)) : _ordinal);
            for (var i = 0; i < _columns; i++) visitor.Cell(i, Cell<TText>(Native.ColumnValue(statement, _offset + i)));
            if (!visitor.EndRow()) return true;
        }
    }

    /// <summary>A cell of the row that the scan stands on, extra columns included.</summary>
    internal SourceCell Current(int column)
    {
        var value = Native.ColumnValue(_statement.Handle, _offset + column);
        return _statement.Connection.Utf16 ? Cell<ConvertedText>(value) : Cell<StoredText>(value);
    }

    private static SourceCell Cell<TText>(nint value) where TText : struct, ITextAccess => Native.ValueType(value) switch
    {
        Native.TypeInteger => SourceCell.OfInteger(Native.ValueInt64(value)),
        Native.TypeReal => SourceCell.OfReal(Native.ValueDouble(value)),
        Native.TypeText => SourceCell.OfText(TText.Read(value)),
        Native.TypeBlob => SourceCell.OfBlob(StoredText.Read(value)),
        _ => SourceCell.Null,
    };

    public void Dispose() => _statement.Dispose();

    private interface ITextAccess
    {
        static abstract ReadOnlySpan<byte> Read(nint value);
    }

    /// <summary>UTF-8 as stored. value_blob does not ask for a terminating zero, and so never copies.</summary>
    private readonly struct StoredText : ITextAccess
    {
        public static ReadOnlySpan<byte> Read(nint value)
        {
            var bytes = Native.ValueBlob(value);
            return new ReadOnlySpan<byte>(bytes, bytes is null ? 0 : Native.ValueBytes(value));
        }
    }

    /// <summary>UTF-16 databases: SQLite converts, surrogates without a partner to U+FFFD.</summary>
    private readonly struct ConvertedText : ITextAccess
    {
        public static ReadOnlySpan<byte> Read(nint value)
        {
            var text = Native.ValueText(value);
            return new ReadOnlySpan<byte>(text, text is null ? 0 : Native.ValueBytes(value));
        }
    }
}
