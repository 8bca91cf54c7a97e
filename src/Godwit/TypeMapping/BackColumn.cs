using System.Collections.Immutable;

namespace Godwit.TypeMapping;

/// <summary>What of a column's values would come back.</summary>
public enum BackVerdict
{
    /// <summary>Every value, bit by bit.</summary>
    Exact,
    /// <summary>Every value's meaning and storage class, some in another spelling (JSON's white space, a moment's offset).</summary>
    Respelled,
    /// <summary>Some values would come back in another storage class, or not at all.</summary>
    Lost,
}

/// <summary>
/// Looks at a column's values and finds the form in which they can be written back: for each, inverse(forward(value)) is made and compared with
/// the value. Forms of one encoding differ in spelling or class only, so that a value of the right class that is spelled otherwise still means the same.
/// </summary>
public sealed class BackColumn(ColumnEncoding encoding)
{
    private const int Tried = 64, Kept = 4;
    private readonly List<(BackForm Form, long Exact, long Alike)> _forms = [.. BackForm.Of(encoding).Select(f => (f, 0L, 0L))];
    private long _values;

    public void Cell(in SourceCell cell)
    {
        if (cell.Class == StorageClass.Null) return;
        _values++;
        if (IsAsItIs(cell))
        {
            for (var i = 0; i < _forms.Count; i++) _forms[i] = (_forms[i].Form, _forms[i].Exact + 1, _forms[i].Alike + 1);
            return;
        }
        if (BackInput.Of(encoding, cell) is not { } value) return;
        for (var i = 0; i < _forms.Count; i++)
        {
            var (form, exact, alike) = _forms[i];
            if (form.Write(value) is not { } back || back.Class != cell.Class) continue;
            // jsonb orders keys and leaves out white space: what it prints is seldom the letters that it was given.
            _forms[i] = (form, exact + (back.Is(cell) && !(encoding.Kind == CellEncoding.Jsonb && cell.Class == StorageClass.Text) ? 1 : 0), alike + 1);
        }
        if (_values != Tried || _forms.Count <= Kept) return;
        var best = _forms.OrderByDescending(f => f.Alike).ThenByDescending(f => f.Exact).Take(Kept).ToList();
        _forms.Clear();
        _forms.AddRange(best);
    }

    /// <summary>Text that no form takes for a number: its bytes are the value, and nothing is spelled.</summary>
    private bool IsAsItIs(in SourceCell cell) =>
        encoding.Kind is CellEncoding.Text or CellEncoding.Json && cell.Class == StorageClass.Text && (cell.Bytes.IsEmpty || !BackForm.LooksNumeric((char)cell.Bytes[0]));

    private (BackForm Form, long Exact, long Alike) Best => _forms.OrderByDescending(f => f.Alike).ThenByDescending(f => f.Exact).First();

    public BackForm Form => Best.Form;

    public BackVerdict Verdict => Best.Alike < _values ? BackVerdict.Lost : Best.Exact < _values ? BackVerdict.Respelled : BackVerdict.Exact;
}

/// <summary>Gives each column of a scan to its <see cref="BackColumn"/>; rows at <paramref name="aside"/> are not in the target, and are passed over.</summary>
public sealed class BackScan(ImmutableArray<BackColumn> columns, IReadOnlySet<long> aside) : IRowVisitor
{
    private bool _passed;

    public void BeginRow(long position) => _passed = aside.Contains(position);

    public void Cell(int column, in SourceCell cell)
    {
        if (!_passed) columns[column].Cell(cell);
    }

    public bool EndRow() => true;
}
