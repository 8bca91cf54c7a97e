using System.Buffers.Binary;
using System.Collections.Immutable;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

internal enum ChangeKind : byte { Insert, Update, Delete, Truncate }

/// <summary>One change; rows are offsets into the batch's arena, -1 where there is none. Of a truncation, <paramref name="New"/> is the number in <see cref="ChangeBatch.Truncations"/>.</summary>
internal readonly record struct Change(ChangeKind Kind, OldRow OldKind, int Table, int Old, int New);

internal sealed record Truncation(ImmutableArray<Relation> Tables, bool RestartIdentity);

/// <summary>
/// Changes of one or more transactions in order, rows as they came from the stream in one arena. Filled by the thread that reads, emptied by the
/// one that writes.
/// </summary>
internal sealed class ChangeBatch
{
    private readonly Dictionary<Relation, int> _tables = new(ReferenceEqualityComparer.Instance);

    public byte[] Arena { get; private set; } = new byte[256 * 1024];
    public int Used { get; private set; }
    public List<Change> Changes { get; } = [];
    public List<Relation> Tables { get; } = [];
    public List<Truncation> Truncations { get; } = [];
    /// <summary>Once this batch is durable, everything before it is.</summary>
    public Lsn Position { get; set; }
    /// <summary>When its last transaction was committed at the source, µs since 2000.</summary>
    public long Micros { get; set; }
    public int Transactions { get; set; }
    /// <summary>The batch ends inside a transaction: what follows belongs to it, and must not be committed without it.</summary>
    public bool IsOpen { get; set; }
    /// <summary>Transactions of another origin that were left out.</summary>
    public int Dropped { get; set; }

    // Where each transaction ends: how many changes are before it, its position and its time.
    private readonly List<(int Changes, Lsn Position, long Micros)> _ends = [];

    public void EndTransaction(Lsn position, long micros)
    {
        Transactions++;
        _ends.Add((Changes.Count, position, micros));
    }

    /// <summary>Leaves only the transactions that end before the table is first changed; false where there are none.</summary>
    public bool CutBefore(Relation table)
    {
        var first = Changes.FindIndex(c => c.Kind == ChangeKind.Truncate ? Truncations[c.New].Tables.Contains(table) : ReferenceEquals(Tables[c.Table], table));
        var last = _ends.FindLastIndex(e => e.Changes <= first);
        if (first < 0 || last < 0) return false;
        Changes.RemoveRange(_ends[last].Changes, Changes.Count - _ends[last].Changes);
        (Position, Micros, Transactions, IsOpen) = (_ends[last].Position, _ends[last].Micros, last + 1, false);
        return true;
    }

    /// <summary>Tables that the changes are about.</summary>
    public IEnumerable<Relation> Changed() => Changes.SelectMany(c => c.Kind == ChangeKind.Truncate ? Truncations[c.New].Tables.AsEnumerable() : [Tables[c.Table]]);

    public bool IsEmpty => Changes.Count == 0 && Transactions == 0 && Dropped == 0;

    public void Clear()
    {
        // One very wide row must not keep its memory for ever.
        if (Arena.Length > 64 * 1024 * 1024) Arena = new byte[256 * 1024];
        Used = 0;
        Changes.Clear();
        Tables.Clear();
        _tables.Clear();
        Truncations.Clear();
        _ends.Clear();
        (Position, Micros, Transactions, IsOpen, Dropped) = (default, 0, 0, false, 0);
    }

    public void Add(in PgOutputMessage message)
    {
        if (message.Kind == PgOutputKind.Truncate)
        {
            Truncations.Add(new(message.Truncated, message.RestartIdentity));
            Changes.Add(new(ChangeKind.Truncate, OldRow.None, -1, -1, Truncations.Count - 1));
            return;
        }
        var kind = message.Kind switch { PgOutputKind.Insert => ChangeKind.Insert, PgOutputKind.Update => ChangeKind.Update, _ => ChangeKind.Delete };
        var old = message.OldKind == OldRow.None ? -1 : Keep(message.Old.Bytes);
        var row = kind == ChangeKind.Delete ? -1 : Keep(message.New.Bytes);
        Changes.Add(new(kind, message.OldKind, Number(message.Relation!), old, row));
    }

    public int Keep(ReadOnlySpan<byte> bytes)
    {
        var at = Used;
        bytes.CopyTo(Room(bytes.Length));
        Used += bytes.Length;
        return at;
    }

    public Span<byte> Room(int bytes)
    {
        if (Arena.Length - Used < bytes)
        {
            var larger = new byte[Math.Max(Arena.Length * 2, Used + bytes)];
            Arena.AsSpan(0, Used).CopyTo(larger);
            Arena = larger;
        }
        return Arena.AsSpan(Used);
    }

    /// <summary>Keeps what was written into <see cref="Room"/>.</summary>
    public void Skip(int bytes) => Used += bytes;

    public TupleData Row(int at) => new(Arena.AsSpan(at));

    /// <summary>A row made of <paramref name="row"/>, its unchanged cells taken from <paramref name="before"/>.</summary>
    public int Merge(int row, int before)
    {
        var count = BinaryPrimitives.ReadUInt16BigEndian(Arena.AsSpan(row));
        // Room first: the arena moves when it grows.
        Room(2 + LengthOf(row) + LengthOf(before));
        var at = Used;
        BinaryPrimitives.WriteUInt16BigEndian(Arena.AsSpan(Used), count);
        Used += 2;
        var old = Row(before).GetEnumerator();
        var cells = Row(row).GetEnumerator();
        while (cells.MoveNext() && old.MoveNext()) Used += (cells.Current.State == CellState.Unchanged ? old : cells).CopyCurrent(Arena.AsSpan(Used));
        return at;
    }

    private int LengthOf(int row) => TupleData.LengthOf(Arena.AsSpan(row));

    private int Number(Relation relation)
    {
        if (_tables.TryGetValue(relation, out var number)) return number;
        Tables.Add(relation);
        return _tables[relation] = Tables.Count - 1;
    }
}
