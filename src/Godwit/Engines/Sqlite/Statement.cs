using System.Text;
using System.Text.Unicode;
using Godwit.TypeMapping;

namespace Godwit.Engines.Sqlite;

/// <summary>A prepared statement, for the catalog's queries. The scan of rows uses <see cref="Handle"/> directly.</summary>
internal sealed unsafe class Statement(Connection connection, nint handle) : IDisposable
{
    private nint _handle = handle;

    internal nint Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Statement));

    internal Connection Connection => connection;

    internal Statement Bind(int index, string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        fixed (byte* p = utf8.Length == 0 ? [0] : utf8) connection.Check(Native.BindText(Handle, index, p, utf8.Length, -1));
        return this;
    }

    internal Statement Bind(int index, long value)
    {
        connection.Check(Native.BindInt64(Handle, index, value));
        return this;
    }

    internal Statement Bind(int index, in SourceValue value)
    {
        switch (value.Class)
        {
            case StorageClass.Integer: return Bind(index, value.Integer);
            case StorageClass.Real: connection.Check(Native.BindDouble(Handle, index, value.Real)); return this;
            case StorageClass.Null: connection.Check(Native.BindNull(Handle, index)); return this;
        }
        fixed (byte* p = value.Bytes.Length == 0 ? [0] : value.Bytes)
            connection.Check(value.Class == StorageClass.Text ? Native.BindText(Handle, index, p, value.Bytes.Length, -1) : Native.BindBlob(Handle, index, p, value.Bytes.Length, -1));
        return this;
    }

    /// <summary>Runs a statement that yields no rows, and makes it ready for other values.</summary>
    internal void Run()
    {
        while (Step()) { }
        connection.Check(Native.Reset(Handle));
    }

    internal bool Step()
    {
        var rc = Native.Step(Handle);
        return rc == Native.Row || (rc == Native.Done ? false : throw connection.Failure(rc));
    }

    internal bool IsNull(int column) => Native.ValueType(Native.ColumnValue(Handle, column)) == Native.TypeNull;

    internal long Int64(int column) => Native.ValueInt64(Native.ColumnValue(Handle, column));

    internal bool Bool(int column) => Int64(column) != 0;

    internal string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

    internal string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Names may hold any bytes; those that are not UTF-8 could not be written back into a query.</summary>
    internal bool IsUtf8(int column) => System.Text.Unicode.Utf8.IsValid(Utf8(column));

    private ReadOnlySpan<byte> Utf8(int column)
    {
        var value = Native.ColumnValue(Handle, column);
        var text = Native.ValueText(value);
        return new ReadOnlySpan<byte>(text, text is null ? 0 : Native.ValueBytes(value));
    }

    public void Dispose()
    {
        var statement = Interlocked.Exchange(ref _handle, 0);
        // The code of finalize repeats that of the last step, which has been reported.
        if (statement != 0) _ = Native.Finalize(statement);
    }
}
