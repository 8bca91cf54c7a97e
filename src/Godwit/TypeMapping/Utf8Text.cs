using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Unicode;

namespace Godwit.TypeMapping;

/// <summary>What PostgreSQL demands of text: valid UTF-8 and no NUL.</summary>
internal static class Utf8Text
{
    public static bool IsValid(ReadOnlySpan<byte> text) => Utf8.IsValid(text);

    public static bool HasNul(ReadOnlySpan<byte> text) => text.Contains((byte)0);

    public static Misfit Check(ReadOnlySpan<byte> text) =>
        !IsValid(text) ? Misfit.InvalidUtf8 : HasNul(text) ? Misfit.NulInText : Misfit.None;

    /// <summary>ASCII without NUL, which most text is: told by one look at each byte.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> text)
    {
        // x | (x - 1) has its highest bit where x is 0 or above 127.
        ref var start = ref MemoryMarshal.GetReference(text);
        if (text.Length >= Vector128<byte>.Count)
        {
            var seen = Vector128<byte>.Zero;
            var last = text.Length - Vector128<byte>.Count;
            for (var i = 0; i < last; i += Vector128<byte>.Count) seen |= Look(Vector128.LoadUnsafe(ref start, (nuint)i));
            // The last vector overlaps the one before it.
            return (seen | Look(Vector128.LoadUnsafe(ref start, (nuint)last))).ExtractMostSignificantBits() == 0;
        }
        foreach (var x in text)
            if (x == 0 || x > 127) return false;
        return true;

        static Vector128<byte> Look(Vector128<byte> x) => x | (x - Vector128<byte>.One);
    }

    /// <summary>Code points, as PostgreSQL counts characters: bytes that are not continuation bytes (10xxxxxx).</summary>
    public static int CountCharacters(ReadOnlySpan<byte> text)
    {
        ref var start = ref MemoryMarshal.GetReference(text);
        int i = 0, count = 0;
        var lastContinuation = Vector128.Create((sbyte)-65);
        for (; i <= text.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var bytes = Unsafe.ReadUnaligned<Vector128<sbyte>>(ref Unsafe.Add(ref start, i));
            count += BitOperations.PopCount(Vector128.GreaterThan(bytes, lastContinuation).ExtractMostSignificantBits());
        }
        for (; i < text.Length; i++)
            if ((sbyte)Unsafe.Add(ref start, i) > -65) count++;
        return count;
    }
}
