using System.Buffers.Binary;
using Godwit.Wire.Replication;

namespace Godwit.Follow.KeyLog;

/// <summary>
/// One row of COPY's text format (PostgreSQL documentation, "COPY", File Formats), taken apart; rows are made of its fields as the replication stream would
/// send them. What it returns is valid until the next <see cref="Load"/> or the next row.
/// </summary>
internal sealed class RowText
{
    private byte[] _bytes = new byte[4096], _row = new byte[4096];
    private readonly List<(int From, int Length)> _fields = [];
    private int _used, _written;

    public int Count => _fields.Count;

    public void Load(ReadOnlySpan<byte> line)
    {
        _fields.Clear();
        _used = 0;
        if (_bytes.Length < line.Length) _bytes = new byte[line.Length * 2];
        var start = 0;
        var isNull = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\t')
            {
                _fields.Add((start, isNull ? -1 : _used - start));
                (start, isNull) = (_used, false);
            }
            else if (c != '\\') _bytes[_used++] = c;
            else if (line[++i] == 'N') isNull = true;
            else _bytes[_used++] = line[i] switch { (byte)'b' => 8, (byte)'t' => 9, (byte)'n' => 10, (byte)'v' => 11, (byte)'f' => 12, (byte)'r' => 13, var other => other };
        }
        _fields.Add((start, isNull ? -1 : _used - start));
    }

    /// <summary>Replaces the fields by those of a composite value, which is the row's field <paramref name="field"/> (PostgreSQL documentation, 8.16.6 "Composite Type Input and Output Syntax").</summary>
    public void LoadComposite(int field)
    {
        var (from, length) = _fields[field];
        var text = _bytes.AsSpan(from + 1, length - 2).ToArray();
        _fields.Clear();
        _used = 0;
        int start = 0, i = 0;
        var isNull = true;
        for (var quoted = false; i < text.Length; i++)
        {
            var c = text[i];
            if (c == ',' && !quoted)
            {
                _fields.Add((start, isNull ? -1 : _used - start));
                (start, isNull) = (_used, true);
                continue;
            }
            isNull = false;
            // Doubled inside of quotes; alone it begins or ends them.
            if (c == '"' && !(quoted && i + 1 < text.Length && text[i + 1] == '"')) quoted = !quoted;
            else
            {
                if (c is (byte)'"' or (byte)'\\') i++;
                _bytes[_used++] = c;
            }
        }
        _fields.Add((start, isNull ? -1 : _used - start));
    }

    public bool IsTrue(int field) => _bytes[_fields[field].From] == 't';

    public long Number(int field)
    {
        var (from, length) = _fields[field];
        return System.Buffers.Text.Utf8Parser.TryParse(_bytes.AsSpan(from, length), out long number, out var used) && used == length ? number : throw new IOException("A count of noted rows is no number.");
    }

    /// <summary>A row of these fields.</summary>
    public TupleData Row(ReadOnlySpan<int> fields)
    {
        Begin(fields.Length);
        foreach (var field in fields) Cell(field);
        return new(_row.AsSpan(0, _written));
    }

    private void Begin(int cells)
    {
        var needed = 2 + cells * 5 + _used;
        if (_row.Length < needed) _row = new byte[needed * 2];
        BinaryPrimitives.WriteUInt16BigEndian(_row, (ushort)cells);
        _written = 2;
    }

    /// <summary>-1: NULL.</summary>
    private void Cell(int field)
    {
        var (from, length) = field < 0 ? (0, -1) : _fields[field];
        if (length < 0)
        {
            _row[_written++] = (byte)CellState.Null;
            return;
        }
        _row[_written++] = (byte)CellState.Text;
        BinaryPrimitives.WriteInt32BigEndian(_row.AsSpan(_written), length);
        _bytes.AsSpan(from, length).CopyTo(_row.AsSpan(_written + 4));
        _written += 4 + length;
    }
}
