using System.Globalization;
using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>Rows of one table, sent as COPY's text. Fields in the order of the column list; a row ends by <see cref="End"/>.</summary>
internal sealed class CopyRows(NpgsqlConnection connection, string table, string columns) : IDisposable
{
    private readonly TextWriter _writer = connection.BeginTextImport($"COPY {table} ({columns}) FROM STDIN");
    private readonly char[] _buffer = new char[1 << 16];
    private int _at;
    private bool _inRow;

    public CopyRows Null() => Field(@"\N");
    public CopyRows Raw(ReadOnlySpan<char> text) => Field(text);
    public CopyRows Bool(bool value) => Field(value ? "t" : "f");
    public CopyRows Number(long value) => Formatted(value, "");
    public CopyRows Number(decimal value) => Formatted(value, "");
    public CopyRows Number(double value) => Formatted(value, "R");
    public CopyRows Id(Guid value) => Formatted(value, "D");
    public CopyRows Date(DateTime value) => Formatted(value, "yyyy-MM-dd");
    public CopyRows Moment(DateTime value) => Formatted(value, "yyyy-MM-dd HH:mm:ss.ffffff");
    /// <summary>In UTC.</summary>
    public CopyRows Instant(DateTime value) => Formatted(value, "yyyy-MM-dd HH:mm:ss.ffffff'+00'");

    public CopyRows Instant(DateTime? value) => value is { } v ? Instant(v) : Null();

    /// <summary>Escapes what COPY's text form gives a meaning.</summary>
    public CopyRows Text(string? text)
    {
        if (text is null) return Null();
        Begin(text.Length * 2);
        foreach (var c in text)
        {
            var escaped = c switch { '\\' => '\\', '\n' => 'n', '\r' => 'r', '\t' => 't', _ => '\0' };
            if (escaped == '\0')
            {
                Add(c);
            }
            else
            {
                Add('\\');
                Add(escaped);
            }
        }
        return this;
    }

    public CopyRows Bytes(SeededRandom random, int count)
    {
        Begin(3 + count * 2);
        Add('\\');
        Add('\\');
        Add('x');
        for (var i = 0; i < count; i++)
        {
            var b = random.Below(256);
            Add("0123456789abcdef"[b >> 4]);
            Add("0123456789abcdef"[b & 15]);
        }
        return this;
    }

    public void End()
    {
        Need(1);
        _buffer[_at++] = '\n';
        _inRow = false;
    }

    public void Dispose()
    {
        Flush();
        _writer.Dispose();
    }

    private CopyRows Field(ReadOnlySpan<char> text)
    {
        Begin(text.Length);
        text.CopyTo(_buffer.AsSpan(_at));
        _at += text.Length;
        return this;
    }

    private CopyRows Formatted<T>(T value, string format) where T : ISpanFormattable
    {
        Begin(64);
        value.TryFormat(_buffer.AsSpan(_at), out var written, format, CultureInfo.InvariantCulture);
        _at += written;
        return this;
    }

    private void Begin(int length)
    {
        Need(1 + Math.Min(length, _buffer.Length - 1));
        if (_inRow) _buffer[_at++] = '\t';
        _inRow = true;
    }

    private void Add(char c)
    {
        if (_at == _buffer.Length) Flush();
        _buffer[_at++] = c;
    }

    private void Need(int length)
    {
        if (_buffer.Length - _at < length) Flush();
    }

    private void Flush()
    {
        _writer.Write(_buffer, 0, _at);
        _at = 0;
    }
}
