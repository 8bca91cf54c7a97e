using Godwit.Engines.Sqlite;
using Godwit.Source;
using Godwit.TypeMapping;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite;

public sealed class SqliteScanTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<List<string>> ScanAsync(TempDatabase database, string table, KeyRange range = default, params string[] columns)
    {
        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
        return await snapshot.RowsAsync((await snapshot.InspectAsync(Ct)).FindTable(table)!, range, columns);
    }

    [Fact]
    public async Task Values_arrive_by_storage_class_byte_for_byte()
    {
        using var database = new TempDatabase("CREATE TABLE t(v)", "INSERT INTO t VALUES (NULL), (9223372036854775807), (0.1), ('é'), (''), (x'00ff'), (x''), ('a' || char(0) || 'b'), (-9e999)");
        Assert.Equal(["1|N", "2|I:9223372036854775807", "3|R:0.1", "4|T:é", "5|T:", "6|B:00ff", "7|B:", "8|T:a\0b", "9|R:-Infinity"], await ScanAsync(database, "t"));
    }

    [Fact]
    public async Task Utf16_text_arrives_as_utf8()
    {
        using var database = new TempDatabase("PRAGMA encoding='UTF-16le'", "CREATE TABLE \"tä\"(\"cö\", b)", "INSERT INTO \"tä\" VALUES ('日本😀', x'0102'), ('', 1)");
        Assert.Equal(["1|T:日本😀|B:0102", "2|T:|I:1"], await ScanAsync(database, "tä"));
    }

    [Fact]
    public async Task A_range_is_inclusive_and_in_order_of_position()
    {
        using var database = new TempDatabase("CREATE TABLE t(v UNIQUE)", "INSERT INTO t(rowid, v) VALUES (3, 'a'), (1, 'c'), (2, 'b'), (-5, 'd'), (9223372036854775807, 'e')");
        Assert.Equal(["1|T:c", "2|T:b"], await ScanAsync(database, "t", new KeyRange(1, 2)));
        Assert.Equal(["-5|T:d", "1|T:c"], await ScanAsync(database, "t", new KeyRange(null, 1)));
        Assert.Equal(["3|T:a", "9223372036854775807|T:e"], await ScanAsync(database, "t", new KeyRange(3, null)));
    }

    [Fact]
    public async Task Shadowed_rowids_are_reached_by_another_name()
    {
        using var database = new TempDatabase("CREATE TABLE t(rowid TEXT, _rowid_ TEXT)", "INSERT INTO t(oid, rowid, _rowid_) VALUES (7, 'x', 'y')",
            "CREATE TABLE k(rowid, _rowid_, oid, id INTEGER PRIMARY KEY)", "INSERT INTO k VALUES (1, 2, 3, 4)");
        Assert.Equal(["7|T:x|T:y"], await ScanAsync(database, "t"));
        Assert.Equal(["4|I:1"], await ScanAsync(database, "k", new KeyRange(4, 4), "rowid"));
    }

    [Fact]
    public async Task Rows_without_positions_are_counted_in_one_order_whatever_the_columns()
    {
        using var database = new TempDatabase("CREATE TABLE t(k TEXT PRIMARY KEY, v, w) WITHOUT ROWID", "CREATE INDEX i ON t(v)", "INSERT INTO t VALUES ('a', 3, 0), ('b', 1, 0), ('c', 2, 0)");
        Assert.Equal(["1|I:3", "2|I:1", "3|I:2"], await ScanAsync(database, "t", default, "v"));
    }

    [Fact]
    public async Task A_table_of_the_greatest_width_can_be_read()
    {
        using var database = new TempDatabase($"CREATE TABLE t({string.Join(',', Enumerable.Range(0, 2000).Select(i => $"c{i}"))})", "INSERT INTO t(c1999) VALUES (5)");
        var row = Assert.Single(await ScanAsync(database, "t"));
        Assert.EndsWith("|N|I:5", row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Functions_and_collations_of_the_application_do_not_stop_plain_columns()
    {
        using var database = new TempDatabase();
        using (var connection = database.Connect())
        {
            connection.CreateCollation("unicase", string.CompareOrdinal);
            connection.CreateFunction("regexp", (string a, string b) => true, isDeterministic: true);
            connection.CreateFunction("secret", (long a) => a, isDeterministic: true);
            connection.Run("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT COLLATE unicase CHECK (a REGEXP '^x'), b AS (secret(id)))");
            connection.Run("CREATE INDEX i ON t(a)");
            connection.Run("CREATE INDEX j ON t(secret(id))");
            connection.Run("CREATE TABLE k(name TEXT COLLATE unicase PRIMARY KEY) WITHOUT ROWID");
            connection.Run("INSERT INTO t(a) VALUES ('x1')");
            connection.Run("INSERT INTO k VALUES ('k1'), ('k2')");
        }
        Assert.Equal(["1|I:1|T:x1"], await ScanAsync(database, "t", default, "id", "a"));
        Assert.Equal(["1|T:k1", "2|T:k2"], await ScanAsync(database, "k"));
        var error = await Assert.ThrowsAsync<GodwitException>(() => ScanAsync(database, "t", default, "b"));
        Assert.Equal("source-query-failed", error.Code);
    }

    [Fact]
    public async Task Generated_columns_can_be_read()
    {
        using var database = new TempDatabase("CREATE TABLE t(a, b AS (a * 2), c AS (a + 1) STORED)", "INSERT INTO t VALUES (5)");
        Assert.Equal(["1|I:10|I:6"], await ScanAsync(database, "t", default, "b", "c"));
    }

    [Fact]
    public async Task A_column_that_does_not_exist_is_an_error_and_not_a_string()
    {
        using var database = new TempDatabase("CREATE TABLE t(a)", "INSERT INTO t VALUES (5)");
        Assert.Equal("source-query-failed", (await Assert.ThrowsAsync<GodwitException>(() => ScanAsync(database, "t", default, "nope"))).Code);
    }

    [Fact]
    public async Task A_visitor_may_stop()
    {
        using var database = new TempDatabase("CREATE TABLE t(a)", "INSERT INTO t VALUES (1), (2), (3)");
        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
        var table = (await snapshot.InspectAsync(Ct)).Tables[0];
        var visitor = new RowTexts { StopAfter = 2 };
        await snapshot.ScanAsync(table, ["a"], KeyRange.All, visitor, Ct);
        Assert.Equal(2, visitor.Rows.Count);
    }

    [Fact]
    public async Task Cancelling_ends_a_scan_and_leaves_the_reader_usable()
    {
        using var database = new TempDatabase("CREATE TABLE t(a)",
            "INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000) SELECT i FROM c");
        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
        var table = (await snapshot.InspectAsync(Ct)).Tables[0];
        using var cancel = new CancellationTokenSource();
        var visitor = new CancellingVisitor(cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => snapshot.ScanAsync(table, ["a"], KeyRange.All, visitor, cancel.Token));
        Assert.InRange(visitor.Rows, 1, 99_999);
        Assert.Equal(["5|I:5"], await snapshot.RowsAsync(table, new KeyRange(5, 5)));
    }

    private sealed class CancellingVisitor(CancellationTokenSource cancel) : IRowVisitor
    {
        public int Rows { get; private set; }
        public void BeginRow(long position) { }
        public void Cell(int column, in SourceCell cell) { }
        public bool EndRow()
        {
            if (++Rows == 10) cancel.Cancel();
            return true;
        }
    }

    [Fact]
    public async Task Partitions_cover_every_row_once()
    {
        using var database = new TempDatabase("CREATE TABLE t(a)",
            "INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000) SELECT i FROM c", "CREATE TABLE small(a)", "INSERT INTO small VALUES (1)");
        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(2, Ct);
        var schema = await snapshot.InspectAsync(Ct);
        var ranges = await snapshot.PartitionAsync(schema.FindTable("t")!, 4, Ct);
        Assert.Equal(4, ranges.Length);
        var rows = await Task.WhenAll(ranges.Select(range => snapshot.RowsAsync(schema.FindTable("t")!, range)));
        Assert.Equal(Enumerable.Range(1, 100000).Select(i => $"{i}|I:{i}"), rows.SelectMany(r => r));
        Assert.All(rows, r => Assert.InRange(r.Count, 24_000, 26_000));
        Assert.Equal([KeyRange.All], await snapshot.PartitionAsync(schema.FindTable("small")!, 4, Ct));
    }

    [Theory]
    [InlineData(long.MinValue, long.MaxValue, 4)]
    [InlineData(-5, long.MaxValue, 3)]
    [InlineData(1, 100_000, 5)]
    public void Cuts_are_adjacent_and_open_at_the_ends(long min, long max, int pieces)
    {
        var ranges = TableScan.Cut(min, max, pieces);
        Assert.Equal(pieces, ranges.Length);
        Assert.Null(ranges[0].From);
        Assert.Null(ranges[^1].To);
        for (var i = 1; i < ranges.Length; i++) Assert.Equal(ranges[i - 1].To + 1, ranges[i].From);
    }
}
