using System.Numerics;

namespace Godwit.Samples.InternshipTracker;

/// <summary>xoshiro256** by Blackman and Vigna, seeded by SplitMix64: the same numbers on every runtime, which System.Random does not promise.</summary>
public sealed class SeededRandom
{
    private ulong _a, _b, _c, _d;

    public SeededRandom(ulong seed)
    {
        _a = Mix(ref seed);
        _b = Mix(ref seed);
        _c = Mix(ref seed);
        _d = Mix(ref seed);
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>, both inclusive.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    /// <summary>True <paramref name="times"/> times of a hundred.</summary>
    public bool Percent(int times) => Below(100) < times;

    public T Pick<T>(T[] choices) => choices[Below(choices.Length)];

    public void Fill(Span<byte> bytes)
    {
        var at = 0;
        for (; at + 8 <= bytes.Length; at += 8) System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], Next());
        for (; at < bytes.Length; at++) bytes[at] = (byte)Next();
    }

    private static ulong Mix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
