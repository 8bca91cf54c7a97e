using Godwit.Plan;
using Godwit.Source;
using Godwit.TypeMapping;
using Npgsql;

namespace Godwit.Verify;

/// <summary>
/// The rows of one side of a view: sums of all of them, and each with how often it is there, as long as these are few. <paramref name="parts"/>: of those buckets
/// only; null keeps any.
/// </summary>
internal sealed class ViewRows(ViewPlan view, List<int>? parts) : IRowVisitor
{
    public const int MaxRows = 100_000;
    private const int MaxCharacters = 64 << 20;
    private const int Buckets = 4096;
    private const char Separator = '\u001f';

    private readonly LooseCell _loose = new();
    private readonly string[] _row = new string[view.Columns.Length];
    private readonly Dictionary<string, int> _rows = new(StringComparer.Ordinal);
    private readonly BucketSums _sums = new(Buckets);
    private readonly HashSet<int>? _parts = parts?.ToHashSet();
    private long _characters;
    private int _kept;

    public long Count { get; private set; }
    /// <summary>There were too many to keep: there are the sums only.</summary>
    public bool IsFull { get; private set; }

    public void BeginRow(long position) { }

    public void Cell(int column, in SourceCell cell) => _row[column] = _loose.OfSource(view.Columns[column], cell);

    public bool EndRow()
    {
        Take();
        return true;
    }

    public void Add(NpgsqlDataReader reader)
    {
        for (var i = 0; i < _row.Length; i++) _row[i] = _loose.OfTarget(view.Columns[i], reader.IsDBNull(i) ? null : reader.GetString(i));
        Take();
    }

    private void Take()
    {
        Count++;
        var row = string.Join(Separator, _row);
        var digest = LooseCell.Digest(row);
        _sums.Add(digest, digest);
        if (IsFull || _parts is not null && !_parts.Contains(BucketSums.BucketOf(digest, Buckets))) return;
        _rows[row] = _rows.GetValueOrDefault(row) + 1;
        _characters += row.Length;
        if (++_kept <= MaxRows && _characters <= MaxCharacters) return;
        IsFull = true;
        _rows.Clear();
        _rows.TrimExcess();
    }

    public List<int> Different(ViewRows other) => _sums.Different(other._sums);

    public List<string[]> Without(ViewRows other)
    {
        var rest = new List<string[]>();
        foreach (var (row, count) in _rows)
            for (var n = count - other._rows.GetValueOrDefault(row); n > 0; n--) rest.Add(row.Split(Separator));
        return rest;
    }
}
