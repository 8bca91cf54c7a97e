using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Godwit.Engines.Sqlite;

/// <summary>
/// The few calls of SQLite's C interface (https://www.sqlite.org/c3ref/funclist.html) that a reader needs. The accessors of the hot
/// path skip the GC transition: they return in nanoseconds and never call back. Anything that may run long or block does not.
/// </summary>
internal static unsafe partial class Native
{
    private const string Library = "e_sqlite3";

    internal const int Ok = 0, Error = 1, Perm = 3, Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, Interrupt = 9, IoError = 10, Corrupt = 11,
        Full = 13, CantOpen = 14, Protocol = 15, Schema = 17, TooBig = 18, Auth = 23, NotADatabase = 26, Row = 100, Done = 101;
    /// <summary>SQLITE_CONSTRAINT_TRIGGER: a trigger said RAISE (https://www.sqlite.org/rescode.html#constraint_trigger).</summary>
    internal const int ConstraintTrigger = 1811;
    /// <summary>Extended codes: https://www.sqlite.org/rescode.html#extrc.</summary>
    internal const int IoErrorShmOpen = 4618, IoErrorShmSize = 4874, IoErrorShmLock = 5130, IoErrorShmMap = 5386;
    internal const int OpenReadOnly = 0x1, OpenReadWrite = 0x2, OpenUri = 0x40, OpenNoMutex = 0x8000, OpenExtendedResultCodes = 0x02000000;
    internal const int TypeInteger = 1, TypeReal = 2, TypeText = 3, TypeBlob = 4, TypeNull = 5;
    internal const int FileControlFilePointer = 7;
    internal const int Utf8 = 1;

    [LibraryImport(Library, EntryPoint = "sqlite3_libversion")]
    internal static partial byte* LibVersion();

    [LibraryImport(Library, EntryPoint = "sqlite3_open_v2")]
    internal static partial int Open(byte* path, out nint db, int flags, byte* vfs);

    [LibraryImport(Library, EntryPoint = "sqlite3_close_v2")]
    internal static partial int Close(nint db);

    [LibraryImport(Library, EntryPoint = "sqlite3_busy_timeout")]
    internal static partial int BusyTimeout(nint db, int milliseconds);

    /// <summary>
    /// https://www.sqlite.org/c3ref/db_config.html. The C function takes variable arguments; on Linux and Windows they are passed as any other, on
    /// Apple's ARM they are not, so it must not be called there.
    /// </summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_db_config")]
    internal static partial int Configure(nint db, int option, int value, int* outcome);

    /// <summary>SQLITE_DBCONFIG_DQS_DML and _DDL: a name in double quotes that is no column is a string.</summary>
    internal const int DoubleQuotedStringsInStatements = 1013, DoubleQuotedStringsInSchema = 1014;

    /// <summary>SQLITE_DBCONFIG_ENABLE_TRIGGER: 0 fires no trigger for this connection's writes.</summary>
    internal const int EnableTrigger = 1003;

    [LibraryImport(Library, EntryPoint = "sqlite3_interrupt")]
    internal static partial void InterruptAll(nint db);

    [LibraryImport(Library, EntryPoint = "sqlite3_errmsg")]
    internal static partial byte* ErrorMessage(nint db);

    [LibraryImport(Library, EntryPoint = "sqlite3_extended_errcode")]
    internal static partial int ExtendedErrorCode(nint db);

    [LibraryImport(Library, EntryPoint = "sqlite3_errstr")]
    internal static partial byte* ErrorString(int code);

    [LibraryImport(Library, EntryPoint = "sqlite3_prepare_v3")]
    internal static partial int Prepare(nint db, byte* sql, int bytes, uint flags, out nint statement, byte** tail);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    internal static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    internal static partial int Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_finalize")]
    internal static partial int Finalize(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64")]
    internal static partial int BindInt64(nint statement, int index, long value);

    /// <summary><paramref name="destructor"/> -1 is SQLITE_TRANSIENT: SQLite takes a copy.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text")]
    internal static partial int BindText(nint statement, int index, byte* text, int bytes, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_double")]
    internal static partial int BindDouble(nint statement, int index, double value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null")]
    internal static partial int BindNull(nint statement, int index);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob")]
    internal static partial int BindBlob(nint statement, int index, byte* bytes, int length, nint destructor);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_count")]
    internal static partial int ColumnCount(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_value"), SuppressGCTransition]
    internal static partial nint ColumnValue(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_value_type"), SuppressGCTransition]
    internal static partial int ValueType(nint value);

    [LibraryImport(Library, EntryPoint = "sqlite3_value_int64"), SuppressGCTransition]
    internal static partial long ValueInt64(nint value);

    [LibraryImport(Library, EntryPoint = "sqlite3_value_double"), SuppressGCTransition]
    internal static partial double ValueDouble(nint value);

    [LibraryImport(Library, EntryPoint = "sqlite3_value_blob"), SuppressGCTransition]
    internal static partial byte* ValueBlob(nint value);

    [LibraryImport(Library, EntryPoint = "sqlite3_value_bytes"), SuppressGCTransition]
    internal static partial int ValueBytes(nint value);

    /// <summary>Converts UTF-16 values in place, which allocates; hence with the GC transition.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_value_text")]
    internal static partial byte* ValueText(nint value);

    [LibraryImport(Library, EntryPoint = "sqlite3_get_autocommit")]
    private static partial int GetAutocommit(nint db);

    internal static bool InTransaction(nint db) => GetAutocommit(db) == 0;

    [LibraryImport(Library, EntryPoint = "sqlite3_file_control")]
    internal static partial int FileControl(nint db, byte* schema, int operation, void* argument);

    [LibraryImport(Library, EntryPoint = "sqlite3_backup_init")]
    internal static partial nint BackupInit(nint target, byte* targetSchema, nint source, byte* sourceSchema);

    [LibraryImport(Library, EntryPoint = "sqlite3_backup_step")]
    internal static partial int BackupStep(nint backup, int pages);

    [LibraryImport(Library, EntryPoint = "sqlite3_backup_finish")]
    internal static partial int BackupFinish(nint backup);

    [LibraryImport(Library, EntryPoint = "sqlite3_snapshot_get")]
    internal static partial int SnapshotGet(nint db, byte* schema, out nint snapshot);

    [LibraryImport(Library, EntryPoint = "sqlite3_snapshot_open")]
    internal static partial int SnapshotOpen(nint db, byte* schema, nint snapshot);

    [LibraryImport(Library, EntryPoint = "sqlite3_snapshot_free")]
    internal static partial void SnapshotFree(nint snapshot);

    [LibraryImport(Library, EntryPoint = "sqlite3_collation_needed")]
    internal static partial int CollationNeeded(nint db, nint context, delegate* unmanaged[Cdecl]<nint, nint, int, byte*, void> callback);

    [LibraryImport(Library, EntryPoint = "sqlite3_create_collation_v2")]
    internal static partial int CreateCollation(nint db, byte* name, int encoding, nint context,
        delegate* unmanaged[Cdecl]<nint, int, byte*, int, byte*, int> compare, nint destructor);

    internal static string? Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8);

    /// <summary>
    /// Reads the database file through SQLite's own handle. Opening and closing the file ourselves would drop the POSIX locks of every
    /// connection that this process has on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    /// </summary>
    internal static int ReadFile(nint db, Span<byte> buffer, long offset)
    {
        nint file = 0;
        fixed (byte* main = "main\0"u8)
        {
            var rc = FileControl(db, main, FileControlFilePointer, &file);
            if (rc != Ok || file == 0 || *(nint*)file == 0) return rc == Ok ? IoError : rc;
        }
        // struct sqlite3_io_methods { int iVersion; xClose; xRead(file, buffer, amount, offset); ... }
        var read = (delegate* unmanaged[Cdecl]<nint, byte*, int, long, int>)(*(nint**)file)[2];
        fixed (byte* p = buffer) return read(file, p, buffer.Length, offset);
    }

    /// <summary>Collations that only the application knows: reading needs no order, so that any will do.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void OnCollationNeeded(nint context, nint db, int encoding, byte* name) =>
        _ = CreateCollation(db, name, Utf8, 0, &CompareBytes, 0);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CompareBytes(nint context, int leftLength, byte* left, int rightLength, byte* right) =>
        new ReadOnlySpan<byte>(left, leftLength).SequenceCompareTo(new ReadOnlySpan<byte>(right, rightLength));
}
