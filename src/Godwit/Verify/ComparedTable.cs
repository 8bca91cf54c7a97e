using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Verify;

/// <summary>One table while it is compared: its columns, and what has been seen of it so far on both sides.</summary>
internal sealed class ComparedTable
{
    public TablePlan Plan { get; }
    public Table Source { get; }
    public SqlName Target { get; }
    public ImmutableArray<ComparedColumn> Columns { get; }
    public ImmutableArray<string> SourceColumns { get; }
    /// <summary>Every column of the plan's key is compared; otherwise rows are named by the whole of their values.</summary>
    public bool HasKey { get; }
    /// <summary>Positions of rows that are in godwit.quarantine and hence not in the target.</summary>
    public HashSet<long> Quarantined { get; } = [];
    /// <summary>ONLY, as far as the relation is an ordinary table: rows of children are another table's.</summary>
    public string From { get; set; }
    public bool IsPartitioned { get; set; }
    public bool Exists { get; set; }
    /// <summary>Columns of the plan that the target's table does not have.</summary>
    public ImmutableArray<string> MissingColumns { get; set; } = [];
    public long TargetPages { get; set; }

    public BucketSums? SourceSums { get; set; }
    public BucketSums? TargetSums { get; set; }
    /// <summary>Each range brings the best of its own; the best of all are the sample.</summary>
    public List<(ulong Score, long Position)> SampleCandidates { get; } = [];

    public Lock Gate { get; } = new();
    public int ItemsLeft { get; set; }
    public long Began { get; set; }
    public TimeSpan Elapsed { get; set; }

    private long _sourceRows, _targetRows, _sourceBytes;
    public long SourceRows => Interlocked.Read(ref _sourceRows);
    public long TargetRows => Interlocked.Read(ref _targetRows);
    public long SourceBytes => Interlocked.Read(ref _sourceBytes);

    /// <summary><paramref name="computed"/>: compared beside the plan's columns; the source's table says by the same names how they are computed.</summary>
    public ComparedTable(TablePlan plan, Table source, params ReadOnlySpan<ComparedColumn> computed)
    {
        Plan = plan;
        Source = source;
        Target = plan.Target;
        From = $"ONLY {plan.Target}";
        var key = plan.Key.Where(k => plan.Columns.Any(c => c.Target == k)).ToHashSet(StringComparer.Ordinal);
        HasKey = plan.Key.Length > 0 && key.Count == plan.Key.Length;
        Columns = [.. plan.Columns.Concat(plan.Generated).Select(c => new ComparedColumn(c, HasKey && key.Contains(c.Target))), .. computed];
        SourceColumns = [.. Columns.Select(c => c.Source)];
    }

    /// <summary>Buckets for sums: enough that one that differs holds few rows, few enough to stay in a core's cache.</summary>
    public int BucketCount => Plan.Rows > 20_000 ? 4096 : 64;

    /// <summary>Off while rows are read a second time.</summary>
    public bool Counting { get; set; } = true;

    public void CountSource(long rows, long bytes)
    {
        if (!Counting) return;
        Interlocked.Add(ref _sourceRows, rows);
        Interlocked.Add(ref _sourceBytes, bytes);
    }

    public void CountTarget(long rows)
    {
        if (Counting) Interlocked.Add(ref _targetRows, rows);
    }
}
