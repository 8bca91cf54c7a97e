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
