using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Godwit.TypeMapping;

namespace Godwit.Verify;

/// <summary>A row that is looked at by eye: each value's digest beside what a person sees of it, cut to a length.</summary>
internal sealed class FetchedRow(int columns)
{
    public const int ShownCharacters = 120;

    public long Where { get; set; }
    public Digest Key { get; set; } = Digest.Start;
    public Digest[] Cells { get; } = new Digest[columns];
    public string?[] Shown { get; } = new string?[columns];
    /// <summary>Values of key columns as PostgreSQL's input takes them.</summary>
    public string?[] KeyInput { get; } = new string?[columns];

    public Digest Whole => Cells.Aggregate(Digest.Start, (row, cell) => row.Then(cell));

    public void Finish(ComparedTable table)
    {
        if (!table.HasKey)
        {
            Key = Whole;
            return;
        }
        var key = Digest.Start;
        for (var i = 0; i < Cells.Length; i++)
            if (table.Columns[i].IsKey) key = key.Then(Cells[i]);
        Key = key;
    }

    /// <summary>"id=42", in the order of the key; where there is no key, the row's first values.</summary>
    public string Name(ComparedTable table)
    {
        if (!table.HasKey) return Line(table);
        var parts = table.Plan.Key.Select(k => Enumerable.Range(0, Cells.Length).First(i => table.Columns[i].Target == k))
            .Select(i => $"{table.Columns[i].Source}={Masked(table.Columns[i], i)}");
        return string.Join(", ", parts);
    }

    public string Line(ComparedTable table)
    {
        var line = string.Join(", ", table.Columns.Select((c, i) => $"{c.Source}={Masked(c, i)}"));
        return line.Length <= ShownCharacters ? line : Clip(line);
    }

    private string Masked(ComparedColumn column, int i) => Shown[i] is not { } text ? "NULL" : column.Secret ? Secrets.Mask : text;

    /// <summary>For reports: null is NULL; secrets are masked.</summary>
    public string? Value(ComparedTable table, int column) => Shown[column] is null ? null : table.Columns[column].Secret ? Secrets.Mask : Shown[column];

    public static string Show(in SourceCell cell) => cell.Class switch
    {
        StorageClass.Integer => cell.Integer.ToString(CultureInfo.InvariantCulture),
        StorageClass.Real => cell.Real.ToString("R", CultureInfo.InvariantCulture),
        StorageClass.Text => ShowText(cell.Bytes),
        _ => ShowBytes(cell.Bytes),
    };

    public static string ShowText(ReadOnlySpan<byte> utf8)
    {
        // Four bytes a character at most; one more tells that there is more.
        var cut = utf8.Length > (ShownCharacters + 1) * 4;
        var text = Encoding.UTF8.GetString(cut ? utf8[..((ShownCharacters + 1) * 4)] : utf8);
        return text.Length <= ShownCharacters && !cut ? text : Clip(text);
    }

    public static string ShowBytes(ReadOnlySpan<byte> bytes)
    {
        var cut = bytes.Length > ShownCharacters / 2 - 2;
        return "\\x" + Convert.ToHexStringLower(cut ? bytes[..(ShownCharacters / 2 - 2)] : bytes) + (cut ? "…" : "");
    }

    private static string Clip(string text)
    {
        var end = Math.Min(text.Length, ShownCharacters - 1);
        if (end > 0 && char.IsHighSurrogate(text[end - 1])) end--;
        return text[..end] + "…";
    }
}
