using System.Collections.Immutable;
using System.Globalization;
using Godwit.Schema;

namespace Godwit.Verify.Pairs;

/// <summary>Rows and the sum of their hashes, of one side. The sum of 64-bit values is exact.</summary>
internal readonly record struct RowSum(long Rows, Int128 Sum)
{
    public static RowSum operator +(RowSum a, RowSum b) => new(a.Rows + b.Rows, a.Sum + b.Sum);
}

/// <summary>A relation of one side, as relations.sql and columns.sql describe it.</summary>
internal sealed record Relation(SqlName Name, char Kind, bool IsPartition, long Pages, long Bytes, long Rows, bool IsHeap, bool IsPopulated, bool OfExtension, SqlName? Parent)
{
    public ImmutableArray<(int Number, PairColumn Column)> Columns { get; init; } = [];
    public ImmutableArray<string> Key { get; init; } = [];
    /// <summary>What the functions of its triggers say, "" where it has none.</summary>
    public string TriggerCode { get; init; } = "";
    /// <summary>Its partitions are cut by hash values that differ from server to server.</summary>
    public bool IsScattered { get; init; }

    public static Relation Read(string?[] row, IEnumerable<string?[]> columns)
    {
        ImmutableArray<(int, PairColumn)> read = [.. columns.Select(c => (int.Parse(c[3]!, CultureInfo.InvariantCulture), new PairColumn(c[2]!, c[4]!, c[5]!, c[6]![0], !string.IsNullOrEmpty(c[7])) { Below = c[9]! }))];
        var key = (row[10] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, CultureInfo.InvariantCulture));
        return new(new(row[0]!, row[1]!), row[2]![0], row[3] == "t", long.Parse(row[4]!, CultureInfo.InvariantCulture), long.Parse(row[5]!, CultureInfo.InvariantCulture),
            long.Parse(row[6]!, CultureInfo.InvariantCulture), row[7] == "heap", row[8] == "t", row[9] == "t", row[11] is null ? null : new SqlName(row[11], row[12]!))
        {
            TriggerCode = row[13] ?? "",
            IsScattered = row[14] == "t",
            Columns = read,
            Key = [.. key.Select(n => read.First(c => c.Item1 == n).Item2.Name)],
        };
    }
}

/// <summary>A table of both sides while it is compared. Sums are added under <see cref="Gate"/>.</summary>
internal sealed class PairTable
{
    public PairTable(Relation source, Relation target, bool whole)
    {
        Source = source;
        Target = target;
        IsWhole = whole;
        var there = target.Columns.ToDictionary(c => c.Column.Name, c => c.Column, StringComparer.Ordinal);
        // Two types of one column are compared as they print; that the types differ is the catalog's to tell.
        Columns = [.. source.Columns.Where(c => there.ContainsKey(c.Column.Name)).Select(c => there[c.Column.Name] is var other && other.Type == c.Column.Type && other.Base == c.Column.Base
            ? c.Column with { NotNull = c.Column.NotNull && other.NotNull } : c.Column with { Base = "", NotNull = false })];
        Missing = [.. source.Columns.Select(c => c.Column.Name).Where(n => !there.ContainsKey(n))];
        Extra = [.. there.Keys.Except(source.Columns.Select(c => c.Column.Name))];
        Key = source.Key.All(there.ContainsKey) ? [.. source.Key.Select(k => Columns.First(c => c.Name == k))] : [];
    }

    public Relation Source { get; }
    public Relation Target { get; }
    public string Name => Source.Name.ToString();
    /// <summary>Read through its root, all partitions together.</summary>
    public bool IsWhole { get; }
    public ImmutableArray<PairColumn> Columns { get; }
    public ImmutableArray<string> Missing { get; }
    public ImmutableArray<string> Extra { get; }
    /// <summary>Empty: the whole row is its key.</summary>
    public ImmutableArray<PairColumn> Key { get; }
    public long Bytes => Math.Max(Source.Bytes, Target.Bytes);
    public long Rows => Math.Max(Source.Rows, Target.Rows);

    public Relation this[bool isSource] => isSource ? Source : Target;
    public string From => IsWhole ? Name : "ONLY " + Name;

    /// <summary>The table's rows in quarantine, as a FROM reads them; null where it has none.</summary>
    public string? FromAside { get; set; }
    /// <summary>Rows of it, or of what its query, its policies or their functions read, are in quarantine; null where none are.</summary>
    public ReadsAside? OfAside { get; set; }

    public Lock Gate { get; } = new();
    public RowSum SourceSum { get; private set; }
    public RowSum TargetSum { get; private set; }
    /// <summary>Counted in mode Sample and Counts, where the sums are of fewer rows or none.</summary>
    public long SourceRows { get; private set; }
    public long TargetRows { get; private set; }
    /// <summary>The target's rows that stand in quarantine. The target's sum is of them too.</summary>
    public long AsideRows { get; private set; }
    /// <summary>Why a side could not be read.</summary>
    public string? Unreadable { get; set; }
    public int PiecesLeft { get; set; }
    public long Began { get; set; }
    public TimeSpan Elapsed { get; set; }

    public bool HasAllRows => SourceRows == TargetRows + AsideRows;

    public bool SumsAgree => HasAllRows && SourceSum == TargetSum;

    public void Add(Piece piece, long rows, RowSum sum)
    {
        lock (Gate)
        {
            if (piece.IsSource) (SourceRows, SourceSum) = (SourceRows + rows, SourceSum + sum);
            else (TargetRows, AsideRows, TargetSum) = (TargetRows + (piece.IsAside ? 0 : rows), AsideRows + (piece.IsAside ? rows : 0), TargetSum + sum);
        }
    }
}

/// <summary>How a relation depends on rows in quarantine. <paramref name="Stored"/>: by a materialized view, which keeps what it was made of. <paramref name="OnlyWrites"/>: what it shows does not, but triggers and keys of others may.</summary>
internal sealed record ReadsAside(bool Stored, bool OnlyWrites);
