using System.Text;
using SQLitePCL;

namespace Godwit.Samples.InternshipTracker;

/// <summary>
/// A new SQLite file and prepared inserts on it, without an allocation per row. Durable only when it has been closed: a crash leaves a file
/// that is not a database, and the generator writes it again.
/// </summary>
public sealed class BulkWriter : IDisposable
{
    private readonly sqlite3 _db;

    /// <summary>Replaces the file at <paramref name="path"/> and its -wal, -shm and -journal, if they exist.</summary>
    public BulkWriter(string path)
    {
        Batteries_V2.Init();
        foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"]) File.Delete(path + suffix);
        Check(raw.sqlite3_open(path, out _db), "open");
        // Foreign keys are on in this build of SQLite; the rows hold them anyway. A CHECK of "x IN (...)" builds a small index a row, which takes longer than the insert. PRAGMA integrity_check looks at them afterwards.
        Execute("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;");
    }

    public void Execute(string sql) => Check(raw.sqlite3_exec(_db, sql), sql);

    public Insert Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_db, sql, out var statement), sql);
        return new Insert(this, statement);
    }

    public void Dispose() => _db.Dispose();

    private void Check(int result, string doing)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_DONE or raw.SQLITE_ROW))
            throw new IOException($"SQLite: {raw.sqlite3_errmsg(_db).utf8_to_string()} ({result}) while running: {doing}");
    }

    /// <summary>One prepared INSERT. Values are added from left to right; <see cref="Run"/> writes the row and begins the next.</summary>
    public sealed class Insert(BulkWriter writer, sqlite3_stmt statement) : IDisposable
    {
        private int _next;

        public Insert Null()
        {
            writer.Check(raw.sqlite3_bind_null(statement, ++_next), "bind");
            return this;
        }

        public Insert Integer(long value)
        {
            writer.Check(raw.sqlite3_bind_int64(statement, ++_next, value), "bind");
            return this;
        }

        public Insert Real(double value)
        {
            writer.Check(raw.sqlite3_bind_double(statement, ++_next, value), "bind");
            return this;
        }

        public Insert Text(ReadOnlySpan<byte> utf8)
        {
            // An empty span may be a null pointer, which SQLite would take for NULL.
            writer.Check(utf8.IsEmpty ? raw.sqlite3_bind_text(statement, ++_next, "") : raw.sqlite3_bind_text(statement, ++_next, utf8), "bind");
            return this;
        }

        /// <summary>The text built in <paramref name="text"/>, which is cleared for the next value.</summary>
        public Insert Text(Utf8Text text)
        {
            Text(text.Written);
            text.Clear();
            return this;
        }

        public Insert Blob(ReadOnlySpan<byte> bytes)
        {
            writer.Check(raw.sqlite3_bind_blob(statement, ++_next, bytes), "bind");
            return this;
        }

        public void Run()
        {
            writer.Check(raw.sqlite3_step(statement), "insert");
            writer.Check(raw.sqlite3_reset(statement), "reset");
            _next = 0;
        }

        public void Dispose() => statement.Dispose();
    }
}

/// <summary>UTF-8 text under construction, in a buffer that is used again for each value.</summary>
public sealed class Utf8Text
{
    private byte[] _bytes = new byte[16 * 1024];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);
    public int Length => _length;

    public void Clear() => _length = 0;

    public Utf8Text Add(ReadOnlySpan<byte> utf8)
    {
        if (_length + utf8.Length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + utf8.Length));
        utf8.CopyTo(_bytes.AsSpan(_length));
        _length += utf8.Length;
        return this;
    }

    public Utf8Text Add(char ascii)
    {
        ReadOnlySpan<byte> one = [(byte)ascii];
        return Add(one);
    }

    public Utf8Text Add(long value)
    {
        Span<byte> digits = stackalloc byte[20];
        System.Buffers.Text.Utf8Formatter.TryFormat(value, digits, out var n);
        return Add(digits[..n]);
    }

    /// <summary>A number padded with zeros to <paramref name="width"/> digits.</summary>
    public Utf8Text AddPadded(int value, int width)
    {
        Span<byte> digits = stackalloc byte[width];
        for (var i = width - 1; i >= 0; i--, value /= 10) digits[i] = (byte)('0' + value % 10);
        return Add(digits);
    }

    public override string ToString() => Encoding.UTF8.GetString(Written);
}
