using System.Globalization;
using System.Text;
using Godwit.Engines.Sqlite;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite;

/// <summary>A database in a folder of its own, made by another SQLite binding than the one under test.</summary>
internal sealed class TempDatabase : IDisposable
{
    public TempDatabase(params string[] statements)
    {
        Folder = Directory.CreateTempSubdirectory("godwit-test-").FullName;
        File = Path.Combine(Folder, "app.db");
        if (statements.Length > 0) Execute(statements);
    }

    public string Folder { get; }
    public string File { get; }

    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = File, Pooling = false, DefaultTimeout = 30 }.ToString());
        connection.Open();
        return connection;
    }

    public void Execute(params string[] statements)
    {
        using var connection = Connect();
        foreach (var sql in statements) connection.Run(sql);
    }

    public Task<ISource> OpenAsync(TimeSpan? busyTimeout = null) =>
        SqliteSource.OpenAsync(File, busyTimeout ?? TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

    public async Task<DatabaseSchema> InspectAsync()
    {
        await using var source = await OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(1, TestContext.Current.CancellationToken);
        return await snapshot.InspectAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

internal static class SqliteTesting
{
    public static void Run(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static async Task<List<string>> RowsAsync(this ISnapshot snapshot, Table table, KeyRange range = default, params string[] columns)
    {
        var visitor = new RowTexts();
        var names = columns.Length > 0 ? columns : [.. table.Columns.Select(c => c.Name)];
        await snapshot.ScanAsync(table, [.. names], range, visitor, TestContext.Current.CancellationToken);
        return visitor.Rows;
    }

    public static async Task<GodwitException> RefusedAsync(Func<Task> work) => await Assert.ThrowsAsync<GodwitException>(work);
}

/// <summary>Rows as "position|I:1|R:0.5|T:text|B:00ff|N".</summary>
internal sealed class RowTexts : IRowVisitor
{
    private readonly StringBuilder _row = new();
    public List<string> Rows { get; } = [];
    public int StopAfter { get; init; } = int.MaxValue;

    public void BeginRow(long position) => _row.Clear().Append(position);

    public void Cell(int column, in SourceCell cell) => _row.Append('|').Append(cell.Class switch
    {
        StorageClass.Integer => string.Create(CultureInfo.InvariantCulture, $"I:{cell.Integer}"),
        StorageClass.Real => string.Create(CultureInfo.InvariantCulture, $"R:{cell.Real:R}"),
        StorageClass.Text => "T:" + Encoding.UTF8.GetString(cell.Bytes),
        StorageClass.Blob => "B:" + Convert.ToHexStringLower(cell.Bytes),
        _ => "N",
    });

    public bool EndRow()
    {
        Rows.Add(_row.ToString());
        return Rows.Count < StopAfter;
    }
}
