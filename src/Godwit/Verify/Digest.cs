using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Godwit.Verify;

/// <summary>
/// 128 bits of a value's meaning: two 64-bit lanes with keys of their own, each a chain of 64x64->128-bit multiplications whose halves are
/// folded together (the construction of wyhash). Not cryptographic: it guards against error, not against an adversary.
/// </summary>
internal readonly record struct Digest(ulong A, ulong B)
{
    private const ulong K0 = 0xa0761d6478bd642f, K1 = 0xe7037ed1a0b428db, K2 = 0x8ebc6af09c88c6e3, K3 = 0x589965cc75374cc3;
    private const ulong K4 = 0x1d8e4e27c47d124f, K5 = 0xeb44accab455d165, K6 = 0x9c6e6877736c46e3, K7 = 0x2f9be6cc5be4f1d7;

    /// <summary>What starts a row, an array and the like.</summary>
    public static Digest Start => new(K3, K7);
    /// <summary>NULL equals nothing but NULL.</summary>
    public static Digest Null { get; } = OfWords(Tag.Null, 0, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong x, ulong y)
    {
        var high = Math.BigMul(x, y, out ulong low);
        return high ^ low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Digest OfWord(ulong word) => OfWords(Tag.Value, word, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Digest OfWords(Tag tag, ulong x, ulong y)
    {
        var t = (ulong)tag;
        return new Digest(Fold(Fold(x ^ K0, y ^ K1 ^ t) ^ K2, K3 ^ t), Fold(Fold(y ^ K4 ^ t, x ^ K5) ^ K6, K7 + t));
    }

    public static Digest OfBytes(Tag tag, ReadOnlySpan<byte> bytes)
    {
        var length = (ulong)bytes.Length;
        ulong a = K2 ^ length, b = K6 ^ (ulong)tag;
        while (bytes.Length >= 16)
        {
            var x = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            var y = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            a = Fold(x ^ K0, y ^ a);
            b = Fold(y ^ K4, x ^ b);
            bytes = bytes[16..];
        }
        ulong tailX = 0, tailY = 0;
        if (bytes.Length >= 8)
        {
            tailX = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            tailY = BinaryPrimitives.ReadUInt64LittleEndian(bytes[^8..]);
        }
        else if (bytes.Length >= 4)
        {
            tailX = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            tailY = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        }
        else if (bytes.Length > 0)
        {
            tailX = (ulong)bytes[0] << 16 | (ulong)bytes[bytes.Length >> 1] << 8 | bytes[^1];
        }
        a = Fold(tailX ^ K1, tailY ^ a);
        b = Fold(tailY ^ K5, tailX ^ b);
        return new Digest(Fold(a ^ K3, length ^ K0 ^ (ulong)tag), Fold(b ^ K7, length ^ K4));
    }

    /// <summary>This, followed by that: the order matters.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Digest Then(Digest next) => new(Fold(A ^ K4, next.A ^ K1), Fold(B ^ K0, next.B ^ K5));

    /// <summary>This and that in any order; counts what comes twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Digest Plus(Digest other) => new(unchecked(A + other.A), unchecked(B + other.B));
}

/// <summary>Keeps apart what could look alike.</summary>
internal enum Tag : ulong
{
    Value = 0x51,
    Null,
    /// <summary>A source value that has no meaning in the column's type. It equals nothing that the target can hold.</summary>
    SourceOnly,
    /// <summary>A target value that Godwit cannot read as the column's type.</summary>
    TargetOnly,
    NotFinite, Object, Array, String, Number, Literal,
}
