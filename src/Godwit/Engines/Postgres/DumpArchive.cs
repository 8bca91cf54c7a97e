using System.Collections.Immutable;
using System.Text;

namespace Godwit.Engines.Postgres;

/// <summary>An entry of a dump's table of contents, as pg_dump wrote it.</summary>
internal sealed record DumpEntry(int Id, string Tag, string Description, int Section, string Definition, string Drop, string? Namespace, string? Tablespace, string? AccessMethod, string? Owner, ImmutableArray<int> Dependencies);

/// <summary>
/// The table of contents of a custom-format dump: each object apart, with its names unquoted. The plain text would have to be cut apart again,
/// and function bodies may hold anything. The layout is that of pg_backup_archiver.c (WriteHead, WriteToc), versions 1.14 to 1.16, which
/// pg_dump 14 to 18 write.
/// </summary>
internal ref struct DumpArchive
{
    private const int Oldest = 0x010E, Newest = 0x0110;
    private const int CompressionByName = 0x010F, RelationKind = 0x0110;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _intBytes;
    private int _offsetBytes;
    private int _version;

    private DumpArchive(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Throws <see cref="GodwitException"/> "dump-unreadable" for what is not such a file, or one that is cut short.</summary>
    public static ImmutableArray<DumpEntry> Read(ReadOnlySpan<byte> bytes)
    {
        var archive = new DumpArchive(bytes);
        archive.Head();
        var entries = ImmutableArray.CreateBuilder<DumpEntry>();
        for (var left = archive.Int(); left > 0; left--) entries.Add(archive.Entry());
        return entries.ToImmutable();
    }

    private void Head()
    {
        if (_bytes.Length < 16 || !_bytes[..5].SequenceEqual("PGDMP"u8)) throw Unreadable("it does not begin as one");
        _version = (_bytes[5] << 8) | _bytes[6];
        if (_version is < Oldest or > Newest) throw Unreadable($"its version is {_bytes[5]}.{_bytes[6]}");
        _intBytes = _bytes[8];
        _offsetBytes = _bytes[9];
        _at = 11;
        if (_version >= CompressionByName) _at++;
        else Int();
        // When it was made, in seven numbers; database, server's version, pg_dump's version.
        for (var i = 0; i < 7; i++) Int();
        for (var i = 0; i < 3; i++) Text();
    }

    private DumpEntry Entry()
    {
        var id = Int();
        Int();
        Text();
        Text();
        var tag = Text() ?? "";
        var description = Text() ?? "";
        var section = Int();
        var definition = Text() ?? "";
        var drop = Text() ?? "";
        Text();
        var space = Text();
        var tablespace = Text();
        var method = Text();
        if (_version >= RelationKind) Int();
        var owner = Text();
        Text();
        var dependencies = ImmutableArray.CreateBuilder<int>();
        while (Text() is { } number) dependencies.Add(int.Parse(number, System.Globalization.CultureInfo.InvariantCulture));
        // Where the custom format keeps the entry's rows: a state, and a position.
        Skip(1 + _offsetBytes);
        return new(id, tag, description, section, definition, drop, NullIfEmpty(space), NullIfEmpty(tablespace), NullIfEmpty(method), NullIfEmpty(owner), dependencies.ToImmutable());
    }

    /// <summary>A sign, then the bytes of the number, lowest first.</summary>
    private int Int()
    {
        var negative = Take(1)[0] != 0;
        long value = 0;
        var bytes = Take(_intBytes);
        for (var i = 0; i < bytes.Length; i++) value |= (long)bytes[i] << (8 * i);
        return checked((int)(negative ? -value : value));
    }

    private string? Text()
    {
        var length = Int();
        return length < 0 ? null : Encoding.UTF8.GetString(Take(length));
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length < 0 || _bytes.Length - _at < length) throw Unreadable("it is cut short");
        var taken = _bytes.Slice(_at, length);
        _at += length;
        return taken;
    }

    private void Skip(int length) => Take(length);

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static GodwitException Unreadable(string why) =>
        new(ErrorKind.SourceFatal, "dump-unreadable", $"This is not a custom-format dump of pg_dump 14 to 18: {why}.", "make it anew: pg_dump -Fc");
}
