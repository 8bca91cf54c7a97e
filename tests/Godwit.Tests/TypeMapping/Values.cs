using System.Text;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Tests.TypeMapping;

/// <summary>Columns of values for the type mapping's tests: null, long, double, string (UTF-8 text) or byte[] (blob).</summary>
internal static class Values
{
    /// <summary>Text that is not valid UTF-8.</summary>
    public sealed record RawText(byte[] Bytes);

    public const object? Null = null;

    public static SourceCell Cell(object? value) => value switch
    {
        null => SourceCell.Null,
        int i => SourceCell.OfInteger(i),
        long l => SourceCell.OfInteger(l),
        double d => SourceCell.OfReal(d),
        string s => SourceCell.OfText(Encoding.UTF8.GetBytes(s)),
        RawText r => SourceCell.OfText(r.Bytes),
        byte[] b => SourceCell.OfBlob(b),
        _ => throw new ArgumentException(value.GetType().Name),
    };

    public static Column Column(string type, bool rowKey = false) => new() { Name = "c", DeclaredType = type, IsRowKey = rowKey };

    public static TableProfile ProfileTable(string type, TypeOptions? options, params object?[] values)
    {
        var column = Column(type);
        var profiler = new TableProfiler(new Table { Name = "t", Columns = [column] }, [column], options: options);
        for (var i = 0; i < values.Length; i++)
        {
            profiler.BeginRow(i + 1);
            profiler.Cell(0, Cell(values[i]));
            profiler.EndRow();
        }
        return profiler.ToProfile();
    }

    public static ColumnProfile Profile(string type, params object?[] values) => ProfileTable(type, null, values).Columns[0];

    public static TypeOptions Keep { get; } = new([], false, (_, _) => false);

    public static TypeChoice Choose(string type, params object?[] values) => TypeMapper.Choose("t", Column(type), Profile(type, values), TypeOptions.Default);

    public static TypeChoice ChooseKeeping(string type, params object?[] values) => TypeMapper.Choose("t", Column(type), Profile(type, values), Keep);

    public static TypeChoice Cast(string type, string pgType, params object?[] values)
    {
        var options = new TypeOptions([new TypeCast("t.c", pgType)], false, (_, _) => true);
        return TypeMapper.Choose("t", Column(type), ProfileTable(type, options, values).Columns[0], options);
    }

    /// <summary>The misfit of each value under an encoding, by value.</summary>
    public static Misfit[] Encode(ColumnEncoding encoding, params object?[] values)
    {
        using var encoder = new RowEncoder([encoding], 16);
        for (var i = 0; i < values.Length; i++)
        {
            encoder.BeginRow(i);
            encoder.Cell(0, Cell(values[i]));
            encoder.EndRow();
        }
        var result = new Misfit[values.Length];
        foreach (var misfit in encoder.TakeMisfits() ?? []) result[misfit.Position] = misfit.Reason;
        return result;
    }

    public static string[] Codes(TypeChoice choice) => [.. choice.Findings.Select(f => f.Code).Order(StringComparer.Ordinal)];
}
