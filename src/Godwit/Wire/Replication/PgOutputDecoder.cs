using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Godwit.Wire.Replication;

/// <summary>
/// Decodes what pgoutput sends. Remembers tables and types, which the server describes once before they are used; changes carry only a number.
/// Messages that are decoded out of order (a streamed transaction, when it commits) have to bring their descriptions along in the same order.
/// </summary>
public sealed class PgOutputDecoder
{
    private readonly Dictionary<uint, Relation> _relations = [];
    private readonly Dictionary<uint, StreamType> _types = [];

    public StreamType? FindType(uint id) => _types.GetValueOrDefault(id);

    /// <summary>The subtransaction of a message inside a streamed block.</summary>
    public static uint StreamedXid(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt32BigEndian(message[1..]);

    /// <summary><paramref name="streamed"/>: the message stands between StreamStart and StreamStop. Throws <see cref="IOException"/> for what is no message of pgoutput.</summary>
    public PgOutputMessage Decode(ReadOnlySpan<byte> message, bool streamed)
    {
        try
        {
            var at = new Reading(message[1..]);
            var kind = (PgOutputKind)message[0];
            return kind switch
            {
                PgOutputKind.Begin => new() { Kind = kind, Lsn = at.Lsn(), Micros = at.Int64(), Xid = at.UInt32() },
                PgOutputKind.Commit => Commit(kind, 0, ref at),
                PgOutputKind.StreamCommit => Commit(kind, at.UInt32(), ref at),
                PgOutputKind.StreamStart => new() { Kind = kind, Xid = at.UInt32(), First = at.Byte() == 1 },
                PgOutputKind.StreamStop => new() { Kind = kind },
                // Version 4 adds where and when.
                PgOutputKind.StreamAbort => new() { Kind = kind, Xid = at.UInt32(), SubXid = at.UInt32(), Lsn = at.IsEmpty ? default : at.Lsn(), Micros = at.IsEmpty ? 0 : at.Int64() },
                PgOutputKind.Origin => new() { Kind = kind, Lsn = at.Lsn(), Text = at.Text() },
                PgOutputKind.BeginPrepare => new() { Kind = kind, Lsn = at.Lsn(), EndLsn = at.Lsn(), Micros = at.Int64(), Xid = at.UInt32(), Text = at.Text() },
                PgOutputKind.Prepare or PgOutputKind.CommitPrepared or PgOutputKind.StreamPrepare => Prepared(kind, ref at),
                // Where it was prepared to, where it was rolled back, when each was.
                PgOutputKind.RollbackPrepared => RolledBack(kind, ref at),
                PgOutputKind.Relation or PgOutputKind.Type or PgOutputKind.Message or PgOutputKind.Insert or PgOutputKind.Update or PgOutputKind.Delete or PgOutputKind.Truncate =>
                    Change(kind, streamed ? at.UInt32() : 0, at),
                _ => throw new IOException($"The replication stream holds a message of the unknown kind 0x{message[0]:X2}."),
            };
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            throw new IOException("A message of the replication stream is cut short.", e);
        }
    }

    private PgOutputMessage Change(PgOutputKind kind, uint xid, Reading at)
    {
        switch (kind)
        {
            case PgOutputKind.Relation:
                var relation = ReadRelation(ref at);
                // The server tells of a table again after each ANALYZE of it, for one.
                if (_relations.TryGetValue(relation.Id, out var known) && known.IsLike(relation)) relation = known;
                _relations[relation.Id] = relation;
                return new() { Kind = kind, Xid = xid, Relation = relation };
            case PgOutputKind.Type:
                var type = new StreamType(at.UInt32(), Schema(at.Text()), at.Text());
                _types[type.Id] = type;
                return new() { Kind = kind, Xid = xid, Type = type };
            case PgOutputKind.Message:
                var transactional = (at.Byte() & 1) != 0;
                return new() { Kind = kind, Xid = xid, Transactional = transactional, Lsn = at.Lsn(), Text = at.Text(), Content = at.Bytes(at.Int32()) };
            case PgOutputKind.Insert:
                var target = Find(at.UInt32());
                at.Byte();
                return new() { Kind = kind, Xid = xid, Relation = target, New = new(at.Rest) };
            case PgOutputKind.Update: return Update(xid, at);
            case PgOutputKind.Delete:
                return new() { Kind = kind, Xid = xid, Relation = Find(at.UInt32()), OldKind = (OldRow)at.Byte(), Old = new(at.Rest) };
            default:
                var count = at.Int32();
                var options = at.Byte();
                var truncated = ImmutableArray.CreateBuilder<Relation>(count);
                for (var i = 0; i < count; i++) truncated.Add(Find(at.UInt32()));
                return new() { Kind = kind, Xid = xid, Truncated = truncated.ToImmutable(), Cascade = (options & 1) != 0, RestartIdentity = (options & 2) != 0 };
        }
    }

    private PgOutputMessage Update(uint xid, Reading at)
    {
        var relation = Find(at.UInt32());
        var mark = at.Byte();
        if (mark == (byte)'N') return new() { Kind = PgOutputKind.Update, Xid = xid, Relation = relation, New = new(at.Rest) };
        var old = at.Bytes(TupleData.LengthOf(at.Rest));
        at.Byte();
        return new() { Kind = PgOutputKind.Update, Xid = xid, Relation = relation, OldKind = (OldRow)mark, Old = new(old), New = new(at.Rest) };
    }

    private Relation Find(uint id) => _relations.GetValueOrDefault(id) ?? throw new IOException($"The replication stream changes table {id} without having described it.");

    private static PgOutputMessage Commit(PgOutputKind kind, uint xid, scoped ref Reading at)
    {
        at.Byte();
        return new() { Kind = kind, Xid = xid, Lsn = at.Lsn(), EndLsn = at.Lsn(), Micros = at.Int64() };
    }

    private static PgOutputMessage Prepared(PgOutputKind kind, scoped ref Reading at)
    {
        at.Byte();
        return new() { Kind = kind, Lsn = at.Lsn(), EndLsn = at.Lsn(), Micros = at.Int64(), Xid = at.UInt32(), Text = at.Text() };
    }

    private static PgOutputMessage RolledBack(PgOutputKind kind, scoped ref Reading at)
    {
        at.Byte();
        var (preparedTo, end, _, when) = (at.Lsn(), at.Lsn(), at.Int64(), at.Int64());
        return new() { Kind = kind, Lsn = preparedTo, EndLsn = end, Micros = when, Xid = at.UInt32(), Text = at.Text() };
    }

    private static Relation ReadRelation(scoped ref Reading at)
    {
        var (id, schema, name, identity) = (at.UInt32(), at.Text(), at.Text(), (ReplicaIdentity)at.Byte());
        var columns = ImmutableArray.CreateBuilder<RelationColumn>();
        for (var left = at.Int16(); left > 0; left--)
        {
            var isKey = (at.Byte() & 1) != 0;
            columns.Add(new(at.Text(), isKey, at.UInt32(), at.Int32()));
        }
        return new(id, Schema(schema), name, identity, columns.ToImmutable());
    }

    // The catalogue's own schema comes without its name.
    private static string Schema(string name) => name.Length == 0 ? "pg_catalog" : name;

    private ref struct Reading(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _bytes = bytes;

        public readonly bool IsEmpty => _bytes.IsEmpty;
        public readonly ReadOnlySpan<byte> Rest => _bytes;
        public byte Byte() => Bytes(1)[0];
        public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Bytes(2));
        public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Bytes(4));
        public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Bytes(4));
        public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Bytes(8));
        public Lsn Lsn() => new((ulong)Int64());

        public ReadOnlySpan<byte> Bytes(int count)
        {
            var taken = _bytes[..count];
            _bytes = _bytes[count..];
            return taken;
        }

        public string Text()
        {
            var text = Encoding.UTF8.GetString(Bytes(_bytes.IndexOf((byte)0)));
            _bytes = _bytes[1..];
            return text;
        }
    }
}
