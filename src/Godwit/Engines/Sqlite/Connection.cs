using System.Text;
using System.Text.RegularExpressions;

namespace Godwit.Engines.Sqlite;

/// <summary>One connection, without a mutex: at most one thread uses it at a time. Every failure is a <see cref="SqliteFailure"/>.</summary>
internal sealed unsafe partial class Connection : IDisposable
{
    private nint _db;

    private Connection(nint db, string path)
    {
        _db = db;
        Path = path;
    }

    internal string Path { get; }

    /// <summary>Text is stored as UTF-16 and must be converted by SQLite before it is read.</summary>
    internal bool Utf16 { get; private set; }

    internal nint Handle => _db != 0 ? _db : throw new ObjectDisposedException(nameof(Connection));

    internal static string LibraryVersion => Native.Text(Native.LibVersion()) ?? "";

    internal static Connection Open(string path, bool readOnly, TimeSpan busyTimeout) =>
        Open(path, path, readOnly ? Native.OpenReadOnly : Native.OpenReadWrite, busyTimeout);

    /// <summary>
    /// A reader that takes no lock and looks at no journal. Only while another connection of this process stands in a read transaction of
    /// a database in rollback-journal mode: its lock keeps the file as it is (https://www.sqlite.org/uri.html#uriimmutable).
    /// </summary>
    internal static Connection OpenLocked(string path) => Open(path, ImmutableUri(path), Native.OpenReadOnly | Native.OpenUri, TimeSpan.Zero);

    private static Connection Open(string path, string name, int flags, TimeSpan busyTimeout)
    {
        int rc;
        nint db;
        fixed (byte* p = ZeroTerminated(name))
            rc = Native.Open(p, out db, flags | Native.OpenNoMutex | Native.OpenExtendedResultCodes, null);
        var connection = new Connection(db, path);
        try
        {
            if (rc != Native.Ok) throw connection.Failure(rc);
            connection.Check(Native.BusyTimeout(db, (int)busyTimeout.TotalMilliseconds));
            connection.Check(Native.CollationNeeded(db, 0, &Native.OnCollationNeeded));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Sets what a reader wants, and reads the file for the first time: here SQLite notices locks, hot journals and files that are no
    /// database. Pages are read, not mapped: mapping gained nothing measurable, and mapped pages would count as Godwit's memory.
    /// </summary>
    internal void Prepare()
    {
        AllowDoubleQuotedStrings();
        Execute("PRAGMA query_only=1");
        Execute("PRAGMA trusted_schema=0");
        Execute("PRAGMA cell_size_check=1");
        Execute("PRAGMA mmap_size=0");
        const string Look = "SELECT count(*) FROM sqlite_schema";
        try
        {
            _ = Int64(Look);
        }
        catch (SqliteFailure failure) when (NamesAttachment.Match(failure.Message) is { Success: true } named)
        {
            PassOver(failure);
            AttachedAs = named.Groups[1].Value;
        }
        Utf16 = Text("PRAGMA encoding") != "UTF-8";
    }

    [GeneratedRegex("cannot reference objects in database (.+)$")]
    private static partial Regex NamesAttachment { get; }

    /// <summary>
    /// The name by which views and triggers of the file call it, because an application made them while it was attached under that name; null where none
    /// does. SQLite opens such a file under no other name: it calls the schema malformed.
    /// </summary>
    internal string? AttachedAs { get; private set; }

    // https://www.sqlite.org/pragma.html#pragma_writable_schema: what SQLite cannot read of the schema is passed over. Nothing is written here. That only
    // views and triggers are passed over is made sure.
    private void PassOver(SqliteFailure failure)
    {
        Execute("PRAGMA writable_schema=1");
        if (Int64("SELECT count(*) FROM sqlite_schema AS s WHERE s.type = 'table' AND s.name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main') "
            + "OR s.type = 'index' AND s.name NOT IN (SELECT l.name FROM pragma_index_list(s.tbl_name) AS l)") > 0) throw failure;
    }

    // The library is built to refuse WHERE kind = "x", which applications' schemas hold: their views and partial indexes would be broken here.
    internal void AllowDoubleQuotedStrings()
    {
        if (OperatingSystem.IsMacOS()) return;
        Check(Native.Configure(Handle, Native.DoubleQuotedStringsInStatements, 1, null));
        Check(Native.Configure(Handle, Native.DoubleQuotedStringsInSchema, 1, null));
    }

    /// <summary>This connection's writes fire no trigger, check no foreign key and no CHECK: another database has done all that.</summary>
    internal void WriteAsGiven()
    {
        if (OperatingSystem.IsMacOS()) throw new PlatformNotSupportedException("sqlite3_db_config cannot be called here.");
        Check(Native.Configure(Handle, Native.EnableTrigger, 0, null));
        Execute("PRAGMA foreign_keys=0");
        Execute("PRAGMA ignore_check_constraints=1");
    }

    internal void Execute(string sql)
    {
        using var statement = Query(sql);
        while (statement.Step()) { }
    }

    internal long Int64(string sql)
    {
        using var statement = Query(sql);
        return statement.Step() ? statement.Int64(0) : 0;
    }

    internal string? Text(string sql)
    {
        using var statement = Query(sql);
        return statement.Step() ? statement.Text(0) : null;
    }

    internal Statement Query(string sql)
    {
        var utf8 = ZeroTerminated(sql);
        nint statement;
        fixed (byte* p = utf8) Check(Native.Prepare(Handle, p, utf8.Length, 0, out statement, null));
        return new Statement(this, statement);
    }

    /// <summary>Every page of the source as it is at its transaction's moment, in place of what is here (https://www.sqlite.org/backup.html).</summary>
    internal void CopyFrom(Connection source)
    {
        fixed (byte* main = "main\0"u8)
        {
            var backup = Native.BackupInit(Handle, main, source.Handle, main);
            if (backup == 0) throw Failure(Native.ExtendedErrorCode(Handle));
            var rc = Native.BackupStep(backup, -1);
            var end = Native.BackupFinish(backup);
            if (rc != Native.Done) throw Failure(rc);
            Check(end);
        }
    }

    internal void Interrupt() => Native.InterruptAll(Handle);

    internal void ReadHeader(Span<byte> buffer) => Check(Native.ReadFile(Handle, buffer, 0));

    internal void Check(int rc)
    {
        if (rc != Native.Ok) throw Failure(rc);
    }

    internal SqliteFailure Failure(int rc)
    {
        var message = _db != 0 ? Native.Text(Native.ErrorMessage(_db)) : null;
        return new SqliteFailure(rc, message ?? Native.Text(Native.ErrorString(rc)) ?? "unknown error");
    }

    /// <summary>Ends the transaction and with it the snapshot, if there is one.</summary>
    internal void Rollback()
    {
        if (Native.InTransaction(Handle)) Execute("ROLLBACK");
    }

    public void Dispose()
    {
        var db = Interlocked.Exchange(ref _db, 0);
        if (db != 0) _ = Native.Close(db);
    }

    // https://www.sqlite.org/uri.html, "The URI path"; on Windows "C:\\x" becomes "/C:/x".
    private static string ImmutableUri(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        if (OperatingSystem.IsWindows()) full = "/" + full.Replace('\\', '/');
        return "file:" + full.Replace("%", "%25", StringComparison.Ordinal).Replace("?", "%3f", StringComparison.Ordinal).Replace("#", "%23", StringComparison.Ordinal) + "?immutable=1";
    }

    private static byte[] ZeroTerminated(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}

/// <summary>A result code of SQLite with its message; mapped to a user's error by <see cref="SqliteErrors"/> where the subject is known.</summary>
internal sealed class SqliteFailure(int extendedCode, string message) : Exception(message)
{
    internal int ExtendedCode { get; } = extendedCode;
    internal int Code => ExtendedCode & 0xff;
}
