using System.Text;

namespace Godwit.Engines.Export;

/// <summary>One field. <paramref name="Quoted"/> tells "" from nothing at all.</summary>
internal readonly record struct CsvCell(string Text, bool Quoted);

/// <summary>A record, and the line of the file that it begins on.</summary>
internal readonly record struct CsvRecord(long Line, IReadOnlyList<CsvCell> Cells);

/// <summary>
/// Comma-separated values as RFC 4180 has them: fields in double quotes may hold commas, quotes (doubled) and line ends. Lines end in LF, CRLF or CR; a byte
/// order mark is passed over. UTF-8 that is none, and quotes that are not closed, are errors that name the line.
/// </summary>
internal sealed class CsvReader(TextReader text, string file)
{
    private readonly char[] _buffer = new char[64 << 10];
    private int _at, _length;
    private long _line = 1;

    public IEnumerable<CsvRecord> Records()
    {
        if (Peek() == '\ufeff') Next();
        var columns = 0;
        var blank = new List<CsvRecord>();
        while (Peek() >= 0)
        {
            var record = new CsvRecord(_line, Record());
            if (columns == 0) columns = record.Cells.Count;
            // Of one column, an empty line is a row with nothing in it. Of several, empty lines at the end of a file are no rows, and elsewhere they are damage.
            if (columns > 1 && record.Cells is [{ Text.Length: 0, Quoted: false }])
            {
                blank.Add(record);
                continue;
            }
            foreach (var before in blank) yield return before;
            blank.Clear();
            yield return record;
        }
    }

    private List<CsvCell> Record()
    {
        var cells = new List<CsvCell>();
        while (true)
        {
            cells.Add(Peek() == '"' ? Quoted() : Plain());
            var c = Next();
            if (c == ',') continue;
            if (c == '\r' && Peek() == '\n') Next();
            if (c >= 0) _line++;
            return cells;
        }
    }

    private CsvCell Plain()
    {
        var value = new StringBuilder();
        while (Peek() is >= 0 and not (',' or '\r' or '\n')) value.Append((char)Next());
        return new(value.ToString(), false);
    }

    private CsvCell Quoted()
    {
        var begins = _line;
        var value = new StringBuilder();
        Next();
        while (true)
        {
            var c = Next();
            if (c < 0) throw Damaged(begins, "a quote that begins here is not closed; the file may be cut off");
            if (c == '\n') _line++;
            if (c != '"') value.Append((char)c);
            else if (Peek() == '"') value.Append((char)Next());
            else if (Peek() is ',' or '\r' or '\n' or -1) return new(value.ToString(), true);
            else throw Damaged(_line, "something follows a closing quote");
        }
    }

    private int Peek() => _at < _length || Fill() ? _buffer[_at] : -1;

    private int Next() => _at < _length || Fill() ? _buffer[_at++] : -1;

    private bool Fill()
    {
        try
        {
            (_at, _length) = (0, text.Read(_buffer, 0, _buffer.Length));
            return _length > 0;
        }
        catch (DecoderFallbackException e)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "export-damaged", $"{file}, after line {_line}: bytes that are no UTF-8.", "Export it again, or convert it: iconv -f WINDOWS-1252 -t UTF-8.", e);
        }
    }

    private GodwitException Damaged(long line, string why) => new(ErrorKind.SourceFatal, "export-damaged", $"{file}, line {line}: {why}.", "Export the table again.");
}
