using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// The whole row as JSON, in the table's order of columns; the form is described at <see cref="Source.MisfitRow"/>. Everything can be read
/// back exactly: integers have no point, reals have one.
/// </summary>
internal sealed class MisfitDocument : IDisposable
{
    // Utf8JsonWriter refuses longer tokens, and jsonb refuses strings over 256 MB.
    private const int LargestValue = 100_000_000;
    private readonly Table _table;
    private readonly (string Name, int Place)[] _columns;
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly Utf8JsonWriter _json;

    /// <param name="table">Gives the order.</param>
    /// <param name="read">The columns of the statement, in its order.</param>
    internal MisfitDocument(Table table, ImmutableArray<string> read)
    {
        _table = table;
        _columns = [.. table.Columns.Select(c => (c.Name, Place: read.IndexOf(c.Name))).Where(c => c.Place >= 0)];
        _json = new Utf8JsonWriter(_bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    internal string Write(TableScan scan)
    {
        _bytes.ResetWrittenCount();
        _json.Reset(_bytes);
        _json.WriteStartObject();
        foreach (var (name, place) in _columns)
        {
            _json.WritePropertyName(name);
            WriteCell(name, scan.Current(place));
        }
        _json.WriteEndObject();
        _json.Flush();
        return Encoding.UTF8.GetString(_bytes.WrittenSpan);
    }

    private void WriteCell(string column, in SourceCell cell)
    {
        if (cell.Bytes.Length > LargestValue)
            throw new GodwitException(ErrorKind.SourceFatal, "source-value-too-big", $"{_table.Name}.{column}: a row that does not fit its types holds a value of {cell.Bytes.Length} bytes, too big for quarantine",
                $"give a column of that row a wider type with --cast, or leave the table out with --exclude");
        switch (cell.Class)
        {
            case StorageClass.Null:
                _json.WriteNullValue();
                break;
            case StorageClass.Integer:
                _json.WriteNumberValue(cell.Integer);
                break;
            case StorageClass.Real:
                WriteReal(cell.Real);
                break;
            case StorageClass.Text when Utf8.IsValid(cell.Bytes) && !cell.Bytes.Contains((byte)0):
                _json.WriteStringValue(cell.Bytes);
                break;
            case StorageClass.Text:
                WriteBytes("$text"u8, cell.Bytes);
                break;
            default:
                WriteBytes("$blob"u8, cell.Bytes);
                break;
        }
    }

    // JSON has no infinity, and jsonb forgets the sign of zero.
    private void WriteReal(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        if (double.IsFinite(value) && !(value == 0 && double.IsNegative(value)))
        {
            _json.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text, skipInputValidation: true);
            return;
        }
        _json.WriteStartObject();
        _json.WriteString("$real"u8, double.IsFinite(value) ? "-0.0" : text);
        _json.WriteEndObject();
    }

    private void WriteBytes(ReadOnlySpan<byte> kind, ReadOnlySpan<byte> bytes)
    {
        _json.WriteStartObject();
        _json.WriteBase64String(kind, bytes);
        _json.WriteEndObject();
    }

    public void Dispose() => _json.Dispose();
}
