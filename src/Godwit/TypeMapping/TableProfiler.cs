using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.TypeMapping;

/// <summary>
/// Profiles the rows of a scan in one pass. <paramref name="options"/> lets casts ask for the looks that their types need.
/// Stops the scan after <paramref name="limit"/> rows or <see cref="SampleBytes"/> where a limit is given: the profile is then a sample.
/// Allocates nothing per row.
/// </summary>
public sealed class TableProfiler(Table table, ImmutableArray<Column> columns, long chunkBytes = TableProfiler.DefaultChunkBytes, TypeOptions? options = null, long limit = long.MaxValue) : IRowVisitor
{
    public const long DefaultChunkBytes = 64L << 20;
    /// <summary>A chunk is one transaction on the target: narrow rows are cut by number.</summary>
    public const long MaxChunkRows = 500_000;

    /// <summary>Large values are few: a sample of them is cut by bytes.</summary>
    public const long SampleBytes = 512L << 10;

    private readonly ColumnCounter[] _counters = [.. columns.Select(c => new ColumnCounter(ProfileRequest.For(table.Name, c, options)))];
    private readonly List<(long, long, long, long)> _chunks = [];
    private bool _complete = true;
    private long _position, _chunkFrom, _rows, _bytes, _chunkRowsAt, _chunkBytesAt;

    public void BeginRow(long position)
    {
        _position = position;
        if (_rows == _chunkRowsAt) _chunkFrom = position;
    }

    public void Cell(int column, in SourceCell cell) => _bytes += _counters[column].Add(cell, _position);

    /// <summary>What is known of the value of this column that was seen last.</summary>
    internal CellLook Look(int column) => _counters[column].Look;

    public bool EndRow()
    {
        _rows++;
        if (_bytes - _chunkBytesAt >= chunkBytes || _rows - _chunkRowsAt >= MaxChunkRows) EndChunk();
        return limit == long.MaxValue || (_complete = _rows < limit && _bytes < SampleBytes);
    }

    private void EndChunk()
    {
        _chunks.Add((_chunkFrom, _position, _rows - _chunkRowsAt, _bytes - _chunkBytesAt));
        _chunkRowsAt = _rows;
        _chunkBytesAt = _bytes;
    }

    public TableProfile ToProfile()
    {
        if (_rows > _chunkRowsAt) EndChunk();
        return new TableProfile
        {
            Rows = _rows,
            Bytes = _bytes,
            Complete = _complete,
            Columns = [.. _counters.Select(c => c.ToProfile())],
            Chunks = table.HasRowId ? [.. _chunks] : [],
        };
    }
}

/// <summary>What to look for in a column: its declared type says it, or the type that a cast asks for.</summary>
internal readonly record struct ProfileRequest(Probes Probes, int Length, int Precision, int Scale)
{
    /// <summary>What <see cref="Probes.Existing"/> looks for.</summary>
    public CellEncoding Existing { get; private init; }
    public string? Labels { get; private init; }
    /// <summary>What <see cref="Probes.Geometry"/> holds values against.</summary>
    public GeometryLimits? Geometry { get; private init; }

    public static ProfileRequest For(string table, Column column, TypeOptions? options)
    {
        var declared = DeclaredType.Parse(column.DeclaredType);
        var rule = TypeRules.For(declared);
        var request = new ProfileRequest(Of(rule.Encode), rule.Length(declared), rule.Numeric(declared).Precision, rule.Numeric(declared).Scale);
        if (options?.PostGis is not null && column.Geometry is { } known) request = request with { Probes = request.Probes | Probes.Geometry, Geometry = GeometryLimits.OfKind(known) };
        if (options?.Existing?.Invoke(table, column.Name) is { } existing)
        {
            if (existing.Labels is not null) request = request with { Probes = request.Probes | Probes.Existing, Labels = existing.Labels };
            else if (GeometryLimits.OfType(existing.PgType, column.Geometry) is { } limits) request = request with { Probes = request.Probes | Probes.Geometry, Geometry = limits };
            else if (PgTypeName.OfExisting(existing.PgType) is { } target) request = request with { Probes = request.Probes | Of(target.Encode), Existing = target.Encode };
        }
        if (options?.CastOf(table, column) is not { } cast) return request;
        var type = PgTypeName.Parse(cast.PgType, $"{table}.{column.Name}");
        // A proposal may yet give way to the declared type, whose limits must be known then.
        if (cast.Proposed is not null) return request with { Probes = request.Probes | Of(type.Encode) };
        return request with { Probes = request.Probes | Of(type.Encode), Length = type.Length, Precision = type.Precision, Scale = type.Scale };
    }

    private static Probes Of(CellEncoding encoding) => encoding switch
    {
        CellEncoding.Date or CellEncoding.Timestamp or CellEncoding.TimestampTz => Probes.Moment,
        CellEncoding.Time => Probes.Clock,
        CellEncoding.Json or CellEncoding.Jsonb => Probes.Json,
        CellEncoding.Bool => Probes.Bool,
        CellEncoding.Numeric => Probes.Decimal | Probes.Digits,
        CellEncoding.Float8 or CellEncoding.Float4 => Probes.Decimal,
        CellEncoding.Inet or CellEncoding.Interval => Probes.Existing,
        _ => Probes.None,
    };
}
