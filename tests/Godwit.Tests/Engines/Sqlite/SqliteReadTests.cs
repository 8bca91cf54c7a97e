using System.Buffers.Binary;
using System.Text.Json;
using Godwit.Source;
using Godwit.TypeMapping;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite;

public sealed class SqliteReadTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;
    private static readonly ColumnRead Id = new("id", new ColumnEncoding(CellEncoding.Int8));
    private static readonly ColumnRead Number = new("n", new ColumnEncoding(CellEncoding.Int4));

    private static async Task<(List<long> Ids, List<MisfitRow> Misfits, List<int> Sizes)> ReadAsync(TempDatabase database, int batchBytes, params ColumnRead[] columns)
    {
        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
        var table = (await snapshot.InspectAsync(Ct)).FindTable("t")!;
        var (ids, misfits, sizes) = (new List<long>(), new List<MisfitRow>(), new List<int>());
        await foreach (var batch in snapshot.ReadAsync(new TableRead(table, [.. columns], KeyRange.All, batchBytes), Ct))
        {
            using (batch)
            {
                var rows = batch.Rows;
                for (var rest = batch.Tuples.Span; rest.Length > 0; rows--)
                {
                    int fields = BinaryPrimitives.ReadInt16BigEndian(rest);
                    Assert.Equal(columns.Length, fields);
                    ids.Add(BinaryPrimitives.ReadInt64BigEndian(rest[6..]));
                    rest = rest[2..];
                    for (var i = 0; i < fields; i++) rest = rest[(4 + Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(rest)))..];
                }
                Assert.Equal(0, rows);
                sizes.Add(batch.Tuples.Length);
                misfits.AddRange(batch.Misfits ?? []);
            }
        }
        return (ids, misfits, sizes);
    }

    [Fact]
    public async Task Batches_hold_every_row_once_and_keep_to_their_size()
    {
        using var database = new TempDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY, n)",
            "INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 10000) SELECT i, i % 100 FROM c");
        var (ids, misfits, sizes) = await ReadAsync(database, 16 * 1024, Id, Number);
        Assert.Equal(Enumerable.Range(1, 10000).Select(i => (long)i), ids);
        Assert.Empty(misfits);
        Assert.InRange(sizes.Count, 13, 20);
        Assert.All(sizes, size => Assert.InRange(size, 1, 16 * 1024));
    }

    [Fact]
    public async Task A_row_larger_than_a_batch_makes_a_larger_one()
    {
        using var database = new TempDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (1, x'01'), (2, zeroblob(100000)), (3, x'03')");
        var (ids, _, sizes) = await ReadAsync(database, 4096, Id, new ColumnRead("b", new ColumnEncoding(CellEncoding.Bytea)));
        Assert.Equal([1, 2, 3], ids);
        Assert.Equal(2, sizes.Count);
    }

    [Fact]
    public async Task A_misfit_row_is_kept_in_full_with_the_columns_that_were_not_asked_for()
    {
        using var database = new TempDatabase("CREATE TABLE t(first TEXT, id INTEGER PRIMARY KEY, n, r, b, bad, z, g AS (no_column_needed), no_column_needed, inf)",
            """
            INSERT INTO t(first, id, n, r, b, bad, z, inf) VALUES ('a', 1, 10, 1, x'00', NULL, 0, 0),
              ('b"ü', 2, 'ten', 1.0, x'00ff', CAST(x'c328' AS TEXT), 'a' || char(0), 9e999), ('c', 3, 30, NULL, NULL, NULL, NULL, NULL)
            """);
        var (ids, misfits, _) = await ReadAsync(database, 4096, Id, Number);
        Assert.Equal([1, 3], ids);
        var misfit = Assert.Single(misfits);
        Assert.Equal((2, "n", Misfit.NotAnInteger), (misfit.Position, misfit.Column, misfit.Reason));
        Assert.Equal("""{"first":"b\"ü","id":2,"n":"ten","r":1.0,"b":{"$blob":"AP8="},"bad":{"$text":"wyg="},"z":{"$text":"YQA="},"no_column_needed":null,"inf":{"$real":"Infinity"}}""", misfit.Json);
        using var parsed = JsonDocument.Parse(misfit.Json);
    }

    [Fact]
    public async Task Misfits_alone_are_handed_over_in_batches_too()
    {
        using var database = new TempDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY, n)",
            "INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000) SELECT i, 'x' FROM c");
        var (ids, misfits, sizes) = await ReadAsync(database, 4096, Id, Number);
        Assert.Empty(ids);
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => (long)i), misfits.Select(m => m.Position));
        Assert.InRange(sizes.Count, 4, 10);
    }

    [Fact]
    public async Task Reading_may_be_left_early_or_cancelled_and_the_reader_comes_back()
    {
        using var database = new TempDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY, n)",
            "INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 10000) SELECT i, 1 FROM c");
        await using var source = await database.OpenAsync();
        await using var snapshot = await source.OpenSnapshotAsync(1, Ct);
        var read = new TableRead((await snapshot.InspectAsync(Ct)).Tables[0], [Id, Number], KeyRange.All, 4096);
        await foreach (var batch in snapshot.ReadAsync(read, Ct))
        {
            batch.Dispose();
            break;
        }
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var batch in snapshot.ReadAsync(read, cancel.Token))
            {
                batch.Dispose();
                await cancel.CancelAsync();
            }
        });
        Assert.Equal(10000, (await snapshot.RowsAsync(read.Table)).Count);
    }
}
