namespace Godwit.Verify;

/// <summary>
/// Sums of row digests by bucket of the key's digest. A sum does not mind the order of the rows and, unlike an exclusive or, minds a row
/// that comes twice.
/// </summary>
internal sealed class BucketSums(int buckets)
{
    /// <summary>Sum and count side by side: one line of the cache a row.</summary>
    private readonly (Digest Sum, long Rows)[] _buckets = new (Digest, long)[buckets];

    public int Count => buckets;

    public static int BucketOf(Digest key, int buckets) => (int)(key.A & (ulong)(buckets - 1));

    public void Add(Digest key, Digest row)
    {
        ref var bucket = ref _buckets[BucketOf(key, _buckets.Length)];
        bucket = (bucket.Sum.Plus(row), bucket.Rows + 1);
    }

    public void Add(BucketSums other)
    {
        for (var i = 0; i < _buckets.Length; i++)
            _buckets[i] = (_buckets[i].Sum.Plus(other._buckets[i].Sum), _buckets[i].Rows + other._buckets[i].Rows);
    }

    public long RowsIn(int bucket) => _buckets[bucket].Rows;

    public List<int> Different(BucketSums other)
    {
        var different = new List<int>();
        for (var i = 0; i < _buckets.Length; i++)
            if (_buckets[i] != other._buckets[i]) different.Add(i);
        return different;
    }
}
