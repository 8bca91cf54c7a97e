namespace Godwit.Verify;

/// <summary>
/// Sums of row digests by bucket of the key's digest. A sum does not mind the order of the rows and, unlike an exclusive or, minds a row
/// that comes twice.
/// </summary>
internal sealed class BucketSums(int buckets)
{
    private readonly Digest[] _sums = new Digest[buckets];
    private readonly long[] _counts = new long[buckets];

    public int Count => buckets;

    public static int BucketOf(Digest key, int buckets) => (int)(key.A & (ulong)(buckets - 1));

    public void Add(Digest key, Digest row)
    {
        var bucket = BucketOf(key, _sums.Length);
        _sums[bucket] = _sums[bucket].Plus(row);
        _counts[bucket]++;
    }

    public void Add(BucketSums other)
    {
        for (var i = 0; i < _sums.Length; i++)
        {
            _sums[i] = _sums[i].Plus(other._sums[i]);
            _counts[i] += other._counts[i];
        }
    }

    public long RowsIn(int bucket) => _counts[bucket];

    public List<int> Different(BucketSums other)
    {
        var different = new List<int>();
        for (var i = 0; i < _sums.Length; i++)
            if (_counts[i] != other._counts[i] || _sums[i] != other._sums[i]) different.Add(i);
        return different;
    }
}
