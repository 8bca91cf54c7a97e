using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Godwit.IntegrationTests.Properties;

/// <summary>Values for a declared type: what it promises, and what SQLite lets in all the same.</summary>
internal static class RandomValues
{
    private static readonly string[] OddTexts =
        ["", " ", "NULL", "0", "-0", "1e5", "007", "+5", " 12 ", "1.50", "0x1F", "NaN", "inf", "true", "2020-01-01", "2020-02-30", "0000-00-00", "12:30", "{\"a\":1}", "[1,", "\0", "a\0b", "\\N", "\\.", "\t\n\r", "it's", "é", "日本", "\U0001F600", "\u202e", "\ufeff",
         "6f9619ff-8b86-d011-b42d-00c04fc964ff", "99999999999999999999", "0.1000000000000000055511151231257827"];
    private static readonly double[] OddReals =
        [0.0, -0.0, 0.1, 0.1 + 0.2, 1e300, 5e-324, double.MaxValue, double.PositiveInfinity, double.NegativeInfinity, 9007199254740993, 1e15, 123456789.125, 2.5e-8, -1.5, 16777217, 9.2233720368547758e18];
    private static readonly long[] OddIntegers =
        [0, 1, -1, 2, 127, 128, 255, 32767, 32768, -32769, 2147483647, 2147483648, -2147483649, long.MaxValue, long.MinValue, 9007199254740993, 1577836800, 1577836800000, 946684800];

    private static readonly Gen<object> Integers = Gen.OneOf(Gen.Elements(OddIntegers), Gen.Choose(-1000, 1000).Select(n => (long)n), ArbMap.Default.GeneratorFor<long>()).Select(n => (object)n);
    private static readonly Gen<object> Reals = Gen.OneOf(Gen.Elements(OddReals), ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite)).Select(d => (object)d);
    private static readonly Gen<object> Texts = Gen.OneOf(Gen.Elements(OddTexts), ArbMap.Default.GeneratorFor<string>().Where(s => s is not null)).Select(s => (object)s);
    private static readonly Gen<object> Blobs = ArbMap.Default.GeneratorFor<byte[]>().Where(b => b is not null).Select(b => (object)b);
    private static readonly Gen<object> Anything = Gen.OneOf(Integers, Reals, Texts, Blobs);

    private static readonly Gen<DateTime> Moments = Gen.Choose(-1_000_000_000, int.MaxValue).SelectMany(s => Gen.Choose(0, 999_999).Select(us => DateTime.UnixEpoch.AddSeconds(s).AddTicks(us * 10L)));

    private static string Format(DateTime t, string picture) => t.ToString(picture, CultureInfo.InvariantCulture);

    public static readonly string[] DeclaredTypes =
        ["INTEGER", "BIGINT", "SMALLINT", "INT", "BOOLEAN", "REAL", "DOUBLE PRECISION", "DECIMAL(10,2)", "NUMERIC", "TEXT", "VARCHAR(10)", "CHAR(3)", "BLOB", "DATE", "DATETIME", "TIMESTAMP", "TIME", "JSON", "UUID", ""];

    /// <summary>Values as an application that means the type would store them.</summary>
    private static Gen<object> Natural(string declared) => declared switch
    {
        "INTEGER" or "BIGINT" => Integers,
        "SMALLINT" => Gen.Choose(short.MinValue, short.MaxValue).Select(n => (object)(long)n),
        "INT" => Gen.Choose(int.MinValue, int.MaxValue).Select(n => (object)(long)n),
        "BOOLEAN" => Gen.Choose(0, 1).Select(n => (object)(long)n),
        "REAL" or "DOUBLE PRECISION" => Reals,
        "DECIMAL(10,2)" => Gen.Choose(-1_000_000_000, 1_000_000_000).Select(n => (object)(n / 100.0)),
        "NUMERIC" => Gen.OneOf(Integers, Reals),
        "VARCHAR(10)" => Texts.Where(t => ((string)t).Length <= 10),
        "CHAR(3)" => Gen.Elements("ABC", "é日x", "a", "", "x  ").Select(s => (object)s),
        "BLOB" => Blobs,
        "DATE" => Moments.Select(t => (object)Format(t, "yyyy-MM-dd")),
        "DATETIME" => Moments.Select(t => (object)Format(t, "yyyy-MM-dd HH:mm:ss")),
        "TIMESTAMP" => Moments.Select(t => (object)Format(t, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'")),
        "TIME" => Moments.Select(t => (object)Format(t, "HH:mm:ss")),
        "JSON" => Gen.Choose(-100, 100).Two().Select(p => (object)$"{{\"n\": {p.Item1}, \"l\": [{p.Item2}, null, \"é\\u00e9\", 1.50]}}"),
        "UUID" => ArbMap.Default.GeneratorFor<Guid>().Select(g => (object)g.ToString("D")),
        "" => Anything,
        _ => Texts,
    };

    /// <summary><paramref name="odd"/> of a hundred values are of any storage class; as many are NULL.</summary>
    public static Gen<object?> Of(string declared, int odd) =>
        odd == 0 ? Gen.Frequency((20, Natural(declared).Select(v => (object?)v)), (1, Gen.Constant((object?)null)))
        : Gen.Frequency((100 - 2 * odd, Natural(declared).Select(v => (object?)v)), (odd, Anything.Select(v => (object?)v)), (odd, Gen.Constant((object?)null)));
}
