namespace Godwit.Verify;

/// <summary>Takes the rows of one range of one side. <c>where</c>: the source's position, or the target's packed ctid. One thread.</summary>
internal abstract class RowSink
{
    public abstract void Take(Digest key, Digest row, long where);
    /// <summary>The range is read; hands over what was gathered. The caller holds the table's gate.</summary>
    public abstract void Complete();
}

/// <summary>First pass: sums by bucket, and on the source's side the rows of the sample.</summary>
internal sealed class SumSink(ComparedTable table, bool source, int sampleRows, ulong seed) : RowSink
{
    private readonly BucketSums _sums = new(table.BucketCount);
    private readonly List<(ulong Score, long Position)> _sample = [];
    private ulong _worst = ulong.MaxValue;

    public override void Take(Digest key, Digest row, long where)
    {
        _sums.Add(key, row);
        if (!source || sampleRows == 0) return;
        // The rows with the smallest keyed digests are a random choice that does not depend on how the table was cut.
        var score = Digest.OfWords(Tag.Value, key.B, seed).A;
        if (score >= _worst && _sample.Count >= sampleRows) return;
        _sample.Add((score, where));
        if (_sample.Count <= sampleRows) return;
        _sample.Remove(_sample.MaxBy(s => s.Score));
        _worst = _sample.Max(s => s.Score);
    }

    public override void Complete()
    {
        if (source)
        {
            if (table.SourceSums is { } sums) sums.Add(_sums);
            else table.SourceSums = _sums;
            table.SampleCandidates.AddRange(_sample);
        }
        else if (table.TargetSums is { } sums) sums.Add(_sums);
        else table.TargetSums = _sums;
    }
}

/// <summary>A row of a bucket that differs.</summary>
internal readonly record struct FoundRow(Digest Key, Digest Row, long Where) : IComparable<FoundRow>
{
    public int CompareTo(FoundRow other)
    {
        var byKey = Key.A.CompareTo(other.Key.A);
        if (byKey == 0) byKey = Key.B.CompareTo(other.Key.B);
        if (byKey == 0) byKey = Row.A.CompareTo(other.Row.A);
        return byKey == 0 ? Row.B.CompareTo(other.Row.B) : byKey;
    }
}

/// <summary>Second pass: the rows of the chosen buckets, as digests.</summary>
internal sealed class CollectSink(bool[] chosen, List<FoundRow> into) : RowSink
{
    private readonly List<FoundRow> _found = [];

    public override void Take(Digest key, Digest row, long where)
    {
        if (chosen[BucketSums.BucketOf(key, chosen.Length)]) _found.Add(new FoundRow(key, row, where));
    }

    public override void Complete() => into.AddRange(_found);
}
