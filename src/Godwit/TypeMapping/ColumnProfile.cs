using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Godwit.TypeMapping;

/// <summary>A counter for every <see cref="ValueFact"/>.</summary>
[InlineArray(Length)]
internal struct FactCounts
{
    public const int Length = (int)ValueFact.GeometryM + 1;
    private long _first;
}

/// <summary>What a scan saw in one column. Immutable; the numbers of two disjoint ranges add up.</summary>
public sealed class ColumnProfile
{
    /// <summary>As many positions are named of each fact.</summary>
    public const int MaxExamples = 5;

    private readonly FactCounts _counts;
    private readonly long[]?[] _examples;

    internal ColumnProfile(in FactCounts counts, long[]?[] examples)
    {
        _counts = counts;
        _examples = examples;
    }

    public static ColumnProfile Empty { get; } = new(default, new long[]?[FactCounts.Length]) { Probed = (Probes)255 };

    public long this[ValueFact fact] => _counts[(int)fact];

    /// <summary>Positions (rowid, or ordinal in the scan) of the first values of this kind.</summary>
    public ImmutableArray<long> Examples(ValueFact fact) => _examples[(int)fact] is { } all ? [.. all.AsSpan(0, (int)Math.Min(all.Length, this[fact]))] : [];

    /// <summary>The looks that were taken; facts of others are zero and say nothing.</summary>
    public required Probes Probed { get; init; }

    public long Values => this[ValueFact.Integer] + this[ValueFact.Real] + this[ValueFact.Text] + this[ValueFact.Blob];
    public long Numbers => this[ValueFact.Integer] + this[ValueFact.Real];

    /// <summary>Meaningful only where there are integers; likewise below.</summary>
    public long MinInteger { get; init; } = long.MaxValue;
    public long MaxInteger { get; init; } = long.MinValue;
    public double MinReal { get; init; } = double.PositiveInfinity;
    public double MaxReal { get; init; } = double.NegativeInfinity;
    /// <summary>Of texts that are integers in their only spelling.</summary>
    public long MinIntegerText { get; init; } = long.MaxValue;
    public long MaxIntegerText { get; init; } = long.MinValue;
    /// <summary>Characters (code points) of the longest text.</summary>
    public int MaxCharacters { get; init; }
    public int MaxTextBytes { get; init; }
    public int MaxBlobBytes { get; init; }
    /// <summary>Digits before and after the point that hold every number exactly; only with <see cref="Probes.Digits"/>.</summary>
    public int IntegerDigits { get; init; }
    public int Scale { get; init; }
    /// <summary>The most digits behind the second of a text that is a moment or a time of day, at most six.</summary>
    public int FractionDigits { get; init; }
    /// <summary>The spellings that every text follows which is a moment or a time of day.</summary>
    internal Spellings Spellings { get; init; } = Spellings.All;
    /// <summary>Null where there is none, or where there are no such texts.</summary>
    public MomentSpelling? Spelling => MomentSpelling.Of(Spellings);
    public bool SpelledVariously => MomentSpelling.HasNone(Spellings);
    /// <summary>The length, or precision and scale, that <see cref="ValueFact.TooLong"/> and <see cref="ValueFact.WouldRound"/> were counted against.</summary>
    public int DeclaredLength { get; init; }
    public (int Precision, int Scale) DeclaredNumeric { get; init; }

    /// <summary>This range's profile followed by that of a later range.</summary>
    public ColumnProfile Merge(ColumnProfile later)
    {
        FactCounts counts = default;
        var examples = new long[]?[FactCounts.Length];
        for (var i = 0; i < FactCounts.Length; i++)
        {
            counts[i] = _counts[i] + later._counts[i];
            if (counts[i] > 0) examples[i] = [.. Examples((ValueFact)i).AddRange(later.Examples((ValueFact)i)).Take(MaxExamples)];
        }
        return new ColumnProfile(counts, examples)
        {
            Probed = Probed & later.Probed,
            MinInteger = Math.Min(MinInteger, later.MinInteger),
            MaxInteger = Math.Max(MaxInteger, later.MaxInteger),
            MinReal = Math.Min(MinReal, later.MinReal),
            MaxReal = Math.Max(MaxReal, later.MaxReal),
            MinIntegerText = Math.Min(MinIntegerText, later.MinIntegerText),
            MaxIntegerText = Math.Max(MaxIntegerText, later.MaxIntegerText),
            MaxCharacters = Math.Max(MaxCharacters, later.MaxCharacters),
            MaxTextBytes = Math.Max(MaxTextBytes, later.MaxTextBytes),
            MaxBlobBytes = Math.Max(MaxBlobBytes, later.MaxBlobBytes),
            IntegerDigits = Math.Max(IntegerDigits, later.IntegerDigits),
            Scale = Math.Max(Scale, later.Scale),
            FractionDigits = Math.Max(FractionDigits, later.FractionDigits),
            Spellings = Spellings & later.Spellings,
            DeclaredLength = Math.Max(DeclaredLength, later.DeclaredLength),
            DeclaredNumeric = DeclaredNumeric.Precision > 0 ? DeclaredNumeric : later.DeclaredNumeric,
        };
    }
}

/// <summary>
/// What a scan saw in a table. <see cref="Chunks"/> cuts the positions that were seen into ranges (both ends inclusive) of about equal bytes;
/// empty where the table has no row positions.
/// </summary>
public sealed record TableProfile
{
    public long Rows { get; init; }
    /// <summary>Bytes of the values: texts and blobs in full, numbers as 8.</summary>
    public long Bytes { get; init; }
    /// <summary>False where only a sample was seen: Rows, Bytes and Chunks are then estimates, and a value of the rest may be of any kind.</summary>
    public bool Complete { get; init; } = true;
    /// <summary>In the order of the columns given to the profiler.</summary>
    public ImmutableArray<ColumnProfile> Columns { get; init; } = [];
    public ImmutableArray<(long From, long To, long Rows, long Bytes)> Chunks { get; init; } = [];

    /// <summary>Profiles of disjoint ranges of one table, in order of position, become that of the whole.</summary>
    public static TableProfile Merge(IEnumerable<TableProfile> inOrder)
    {
        TableProfile? whole = null;
        foreach (var next in inOrder)
        {
            whole = whole is null ? next : new TableProfile
            {
                Rows = whole.Rows + next.Rows,
                Bytes = whole.Bytes + next.Bytes,
                Complete = whole.Complete && next.Complete,
                Columns = [.. whole.Columns.Zip(next.Columns, (a, b) => a.Merge(b))],
                Chunks = whole.Chunks.AddRange(next.Chunks),
            };
        }
        return whole ?? new TableProfile();
    }
}
