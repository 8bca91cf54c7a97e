using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

internal enum NetKind : byte
{
    /// <summary>Came and went: nothing is left to do.</summary>
    Nothing,
    Insert,
    Update,
    Delete,
    /// <summary>Deleted, and there again with another row.</summary>
    Replace,
}

/// <summary>What is left of a key's changes. <paramref name="Row"/>: the row as it is now, an offset. <paramref name="Copies"/>: of a table without a key, rows to add or take away.</summary>
internal record struct NetChange(NetKind Kind, int Row, int Mask, int Copies, int KeyAt, int KeyLength, uint Hash);

/// <summary>
/// The net effect of many changes of one table: one change a key. Valid only where the changes follow from each other (a row that is deleted was
/// there); <see cref="Add"/> returns false where they do not, and for what has to stay in its order.
/// </summary>
internal sealed class TableNet(AppliedTable table, ChangeBatch batch)
{
    private readonly List<bool[]> _masks = [];
    private NetChange[] _net = new NetChange[16];
    private int[] _slots = new int[64];
    private int _count;

    public AppliedTable Table { get; } = table;
    public ReadOnlySpan<NetChange> Net => _net.AsSpan(0, _count);
    /// <summary>Which columns an update leaves alone, by <see cref="NetChange.Mask"/>.</summary>
    public IReadOnlyList<bool[]> Masks => _masks;

    public bool Add(in Change change)
    {
        if (Table.ByWholeRow) return AddWhole(change);
        return change.Kind switch
        {
            ChangeKind.Insert => Insert(change.New),
            ChangeKind.Delete => Delete(change.Old),
            _ => Update(change),
        };
    }

    private bool Insert(int row)
    {
        ref var net = ref Find(row);
        switch (net.Kind)
        {
            case NetKind.Nothing: net.Kind = NetKind.Insert; break;
            case NetKind.Delete: net.Kind = NetKind.Replace; break;
            default: return false;
        }
        net.Row = row;
        return true;
    }

    private bool Delete(int old)
    {
        ref var net = ref Find(old);
        switch (net.Kind)
        {
            // Nothing stands for "not seen" as well as for "came and went"; the second has Copies.
            case NetKind.Nothing when net.Copies == 0:
            case NetKind.Update or NetKind.Replace:
                net.Kind = NetKind.Delete;
                return true;
            case NetKind.Insert:
                (net.Kind, net.Copies) = (NetKind.Nothing, 1);
                return true;
            default: return false;
        }
    }

    private bool Update(in Change change)
    {
        var row = change.New;
        // With FULL, the old row knows what the new one leaves out.
        if (change.OldKind == OldRow.Full) row = batch.Merge(row, change.Old);
        var moves = change.OldKind != OldRow.None && !SameKey(change.Old, row);
        ref var net = ref Find(moves ? change.Old : row);
        if (net.Kind is NetKind.Insert or NetKind.Replace) row = batch.Merge(row, net.Row);
        else if (net.Kind == NetKind.Update) row = batch.Merge(row, net.Row);
        else if (net.Kind != NetKind.Nothing || net.Copies != 0) return false;
        var mask = Mask(row);
        if (moves || Table.ReplacesOnUpdate)
        {
            if (mask >= 0) return false;
            if (net.Kind is NetKind.Nothing or NetKind.Update) net.Kind = NetKind.Delete;
            else if (net.Kind == NetKind.Replace) net.Kind = NetKind.Delete;
            else (net.Kind, net.Copies) = (NetKind.Nothing, 1);
            if (net.Kind == NetKind.Nothing && !moves) net.Copies = 0;
            return Insert(row);
        }
        if (net.Kind == NetKind.Nothing) net.Kind = NetKind.Update;
        (net.Row, net.Mask) = (row, mask);
        return true;
    }

    /// <summary>Equal rows stand for each other, so that only their number counts.</summary>
    private bool AddWhole(in Change change)
    {
        if (change.Kind != ChangeKind.Insert && change.OldKind != OldRow.Full) return false;
        if (change.Old >= 0) Count(change.Old, -1);
        if (change.New >= 0) Count(change.Old >= 0 ? batch.Merge(change.New, change.Old) : change.New, 1);
        return true;
    }

    private void Count(int row, int copies)
    {
        ref var net = ref Find(row);
        net.Row = row;
        net.Copies += copies;
    }

    private bool SameKey(int one, int other)
    {
        var (a, aLength, _) = KeyOf(one);
        var (b, bLength, _) = KeyOf(other);
        return batch.Arena.AsSpan(a, aLength).SequenceEqual(batch.Arena.AsSpan(b, bLength));
    }

    /// <summary>The entry of the row's key; a new one where there is none.</summary>
    private ref NetChange Find(int row)
    {
        var (at, length, hash) = KeyOf(row);
        if (_count * 2 >= _slots.Length) Grow();
        for (var slot = hash & (uint)(_slots.Length - 1); ; slot = slot + 1 & (uint)(_slots.Length - 1))
        {
            var entry = _slots[slot] - 1;
            if (entry < 0)
            {
                if (_count == _net.Length) Array.Resize(ref _net, _net.Length * 2);
                _slots[slot] = _count + 1;
                _net[_count] = new(NetKind.Nothing, -1, -1, 0, at, length, hash);
                return ref _net[_count++];
            }
            ref var net = ref _net[entry];
            if (net.Hash == hash && net.KeyLength == length && batch.Arena.AsSpan(net.KeyAt, length).SequenceEqual(batch.Arena.AsSpan(at, length))) return ref net;
        }
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        for (var i = 0; i < _count; i++)
        {
            var slot = _net[i].Hash & (uint)(_slots.Length - 1);
            while (_slots[slot] != 0) slot = slot + 1 & (uint)(_slots.Length - 1);
            _slots[slot] = i + 1;
        }
    }

    // The key's cells, one behind the other, each with its state: of a single column they lie there already.
    private (int At, int Length, uint Hash) KeyOf(int row)
    {
        int at, length;
        if (Table.ByWholeRow) (at, length) = (row, TupleData.LengthOf(batch.Arena.AsSpan(row)));
        else if (Table.Key.Length == 1)
        {
            var cells = batch.Row(row).GetEnumerator();
            for (var i = 0; i <= Table.Key[0]; i++) cells.MoveNext();
            (at, length) = cells.Current.State is CellState.Null or CellState.Unchanged ? (row + cells.Span.From - 1, 1) : (row + cells.Span.From - 5, cells.Span.Length + 5);
        }
        else
        {
            batch.Room(TupleData.LengthOf(batch.Arena.AsSpan(row)));
            at = batch.Used;
            length = 0;
            var cells = batch.Row(row).GetEnumerator();
            for (int i = 0, k = 0; k < Table.Key.Length && cells.MoveNext(); i++)
            {
                if (i != Table.Key[k]) continue;
                length += cells.CopyCurrent(batch.Arena.AsSpan(at + length));
                k++;
            }
            batch.Skip(length);
        }
        return (at, length, Hash(batch.Arena.AsSpan(at, length)));
    }

    private static uint Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 0x9E3779B97F4A7C15UL ^ (ulong)bytes.Length;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes)) hash = (BitOperations.RotateLeft(hash, 23) ^ word) * 0xD6E8FEB86659FD93UL;
        for (var i = bytes.Length & ~7; i < bytes.Length; i++) hash = (BitOperations.RotateLeft(hash, 9) ^ bytes[i]) * 0xD6E8FEB86659FD93UL;
        return (uint)(hash >> 32) ^ (uint)hash;
    }

    /// <summary>-1: every cell has a value.</summary>
    private int Mask(int row)
    {
        bool[]? unchanged = null;
        var i = 0;
        foreach (var cell in batch.Row(row))
        {
            if (cell.State == CellState.Unchanged) (unchanged ??= new bool[Table.Columns.Length])[i] = true;
            i++;
        }
        if (unchanged is null) return -1;
        var mask = _masks.FindIndex(m => m.AsSpan().SequenceEqual(unchanged));
        if (mask >= 0) return mask;
        _masks.Add(unchanged);
        return _masks.Count - 1;
    }
}
