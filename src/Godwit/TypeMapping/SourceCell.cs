namespace Godwit.TypeMapping;

/// <summary>How a value is stored in the source. SQLite's five storage classes (https://www.sqlite.org/datatype3.html, section 2).</summary>
public enum StorageClass : byte { Null, Integer, Real, Text, Blob }

/// <summary>
/// One value of the source, without a copy: <see cref="Bytes"/> (UTF-8 text as stored, possibly invalid, or a blob) is valid only until
/// the reader moves on.
/// </summary>
public readonly ref struct SourceCell
{
    public StorageClass Class { get; }
    public long Integer { get; }
    public double Real { get; }
    public ReadOnlySpan<byte> Bytes { get; }

    private SourceCell(StorageClass storage, long integer, double real, ReadOnlySpan<byte> bytes)
    {
        Class = storage;
        Integer = integer;
        Real = real;
        Bytes = bytes;
    }

    public static SourceCell Null => default;
    public static SourceCell OfInteger(long value) => new(StorageClass.Integer, value, 0, default);
    public static SourceCell OfReal(double value) => new(StorageClass.Real, 0, value, default);
    public static SourceCell OfText(ReadOnlySpan<byte> utf8) => new(StorageClass.Text, 0, 0, utf8);
    public static SourceCell OfBlob(ReadOnlySpan<byte> bytes) => new(StorageClass.Blob, 0, 0, bytes);
}

/// <summary>
/// Receives the rows of a scan, cell by cell in the order of the requested columns. Called from one thread.
/// A struct implementation lets the engine's scan loop inline it.
/// </summary>
public interface IRowVisitor
{
    /// <summary>A row begins. <paramref name="position"/> is its rowid, or its ordinal in the scan where the table has none.</summary>
    void BeginRow(long position);
    void Cell(int column, in SourceCell cell);
    /// <summary>The row is complete. Returns false to stop the scan.</summary>
    bool EndRow();
}
