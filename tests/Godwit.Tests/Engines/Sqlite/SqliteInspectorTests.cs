using System.Collections.Immutable;
using Godwit.Engines.Sqlite;
using Godwit.Schema;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite;

public sealed class SqliteInspectorTests
{
    private static async Task<Table> InspectOneAsync(params string[] statements)
    {
        using var database = new TempDatabase(statements);
        return Assert.Single((await database.InspectAsync()).Tables);
    }

    [Theory]
    [InlineData("id INTEGER PRIMARY KEY", true)]
    [InlineData("id integer, PRIMARY KEY (id)", true)]
    [InlineData("id integer, PRIMARY KEY (id DESC)", true)]
    [InlineData("id INTEGER PRIMARY KEY DESC", false)]
    [InlineData("id INT PRIMARY KEY", false)]
    [InlineData("id BIGINT PRIMARY KEY", false)]
    [InlineData("id INTEGER, b, PRIMARY KEY (id, b)", false)]
    public async Task The_row_key_follows_SQLites_rule(string columns, bool isRowKey)
    {
        var table = await InspectOneAsync($"CREATE TABLE t({columns})");
        Assert.Equal(isRowKey, table.Columns[0].IsRowKey);
        Assert.Equal("id", table.PrimaryKey!.Columns[0]);
        Assert.True(table.HasRowId);
    }

    [Fact]
    public async Task A_table_without_rowid_has_neither_row_key_nor_positions()
    {
        var table = await InspectOneAsync("CREATE TABLE t(id INTEGER PRIMARY KEY, v) WITHOUT ROWID");
        Assert.False(table.Columns[0].IsRowKey);
        Assert.False(table.HasRowId);
    }

    [Fact]
    public async Task Every_name_of_the_rowid_may_be_taken()
    {
        Assert.False((await InspectOneAsync("CREATE TABLE t(rowid, _rowid_, oid)")).HasRowId);
        Assert.True((await InspectOneAsync("CREATE TABLE t(rowid, oid)")).HasRowId);
        Assert.True((await InspectOneAsync("CREATE TABLE t(rowid, _rowid_, oid, id INTEGER PRIMARY KEY)")).HasRowId);
    }

    [Fact]
    public async Task A_composite_key_keeps_its_own_order_and_name()
    {
        var table = await InspectOneAsync("CREATE TABLE t(a, b, c, CONSTRAINT the_key PRIMARY KEY (c, a))");
        Assert.Equal("the_key", table.PrimaryKey!.Name);
        Assert.Equal(["c", "a"], table.PrimaryKey.Columns);
    }

    [Fact]
    public async Task Columns_keep_type_default_collation_and_generation()
    {
        var table = await InspectOneAsync("""
            CREATE TABLE t(a VARCHAR(80) NOT NULL DEFAULT 'it''s', b TEXT COLLATE nocase, c DECIMAL(10, 2) DEFAULT (1+2),
              d AS (a || b) STORED, e TEXT GENERATED ALWAYS AS (lower(a)), f)
            """);
        Assert.Equal(["VARCHAR(80)", "TEXT", "DECIMAL(10, 2)", "", "TEXT", ""], table.Columns.Select(c => c.DeclaredType));
        Assert.Equal(["'it''s'", null, "1+2", null, null, null], table.Columns.Select(c => c.Default));
        Assert.True(table.Columns[0].NotNull);
        Assert.Equal("NOCASE", table.Columns[1].Collation);
        Assert.Equal(new GeneratedColumn("a || b", true), table.Columns[3].Generated);
        Assert.Equal(new GeneratedColumn("lower(a)", false), table.Columns[4].Generated);
        Assert.Null(table.Columns[5].Generated);
    }

    [Fact]
    public async Task Checks_are_read_with_their_names()
    {
        var table = await InspectOneAsync("CREATE TABLE t(a CHECK (a > 0), b, CONSTRAINT both CHECK (a < b))");
        Assert.Equal([new CheckConstraint(null, "a > 0"), new CheckConstraint("both", "a < b")], table.Checks);
    }

    [Fact]
    public async Task Unique_constraints_and_indexes_are_told_apart_in_their_order()
    {
        var table = await InspectOneAsync("CREATE TABLE t(a TEXT COLLATE NOCASE UNIQUE, b, c, CONSTRAINT bc UNIQUE (b, c) ON CONFLICT REPLACE, UNIQUE (c))",
            "CREATE UNIQUE INDEX part ON t(b) WHERE c IS NULL", "CREATE INDEX terms ON t(lower(a) DESC, a COLLATE BINARY, b COLLATE nocase)");
        Assert.Equal(["a", "b,c", "c"], table.UniqueConstraints.Select(u => string.Join(',', u.Terms.Select(t => t.Column))));
        Assert.Equal("bc", table.UniqueConstraints[1].Name);
        Assert.Equal(["part", "terms"], table.Indexes.Select(i => i.Name));
        Assert.Equal([true, false], table.Indexes.Select(i => i.Unique));
        Assert.Equal("c IS NULL", table.Indexes[0].Predicate);
        Assert.Equal([new IndexTerm(null, "lower(a)", true, "NOCASE"), new IndexTerm("a", null, false, "BINARY"), new IndexTerm("b", null, false, "NOCASE")],
            table.Indexes[1].Terms.Select(t => t.Expression is null ? t : t with { Collation = "NOCASE" }));
        Assert.Contains(table.Findings, f => f.Code == "on-conflict-dropped");
    }

    [Fact]
    public async Task Foreign_keys_are_resolved_and_keep_their_order()
    {
        using var database = new TempDatabase("CREATE TABLE Parent(A, B, PRIMARY KEY (B, A))", "CREATE TABLE \"É\"(id INTEGER PRIMARY KEY)",
            """
            CREATE TABLE child(x REFERENCES "É" ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, Y, z REFERENCES missing(q),
              CONSTRAINT both FOREIGN KEY (x, y) REFERENCES PARENT ON UPDATE SET NULL, FOREIGN KEY (z) REFERENCES parent)
            """);
        var keys = (await database.InspectAsync()).FindTable("child")!.ForeignKeys;
        Assert.Equal(["x -> É(id)", "z -> missing(q)", "x,Y -> Parent(B,A)", "z -> Parent()"],
            keys.Select(k => $"{string.Join(',', k.Columns)} -> {k.ParentTable}({string.Join(',', k.ParentColumns)})"));
        Assert.Equal((ReferentialAction.Cascade, true, true), (keys[0].OnDelete, keys[0].Deferrable, keys[0].InitiallyDeferred));
        Assert.Equal(("both", ReferentialAction.SetNull, false), (keys[2].Name, keys[2].OnUpdate, keys[2].Deferrable));
    }

    [Fact]
    public async Task Autoincrement_remembers_the_last_key_of_an_empty_table()
    {
        var table = await InspectOneAsync("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO t VALUES (77)", "DELETE FROM t");
        Assert.True(table.AutoIncrement);
        Assert.Equal(77, table.LastKey);
    }

    [Fact]
    public async Task What_is_no_table_stands_elsewhere()
    {
        using var database = new TempDatabase("CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE INDEX i ON t(v)", "CREATE VIRTUAL TABLE f USING fts5(body, content='')", "CREATE VIRTUAL TABLE g USING fts5(body, \"a,b\", tokenize = 'porter')",
            "CREATE VIEW w AS SELECT no_such FROM t", "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM f; END", "INSERT INTO t VALUES (1, 2)", "ANALYZE");
        var schema = await database.InspectAsync();
        Assert.Equal(["t", "g"], schema.Tables.Select(t => t.Name));
        Assert.Equal("fts5", schema.Tables[1].Virtual);
        Assert.Equal(["body", "a,b"], schema.Tables[1].TextSearch!.Columns);
        Assert.True(schema.Tables[1].TextSearch!.Stems);
        Assert.Equal("w", Assert.Single(schema.Views).Name);
        Assert.Equal(("r", "t"), (Assert.Single(schema.Triggers).Name, schema.Triggers[0].Table));
        Assert.Equal("virtual table (fts5, an index that holds no texts)", schema.Others.Single(o => o.Name == "f").Kind);
        Assert.Equal("shadow table", schema.Others.Single(o => o.Name == "f_data").Kind);
        Assert.Equal("statistics", schema.Others.Single(o => o.Name == "sqlite_stat1").Kind);
    }

    [Fact]
    public void A_definition_that_cannot_be_parsed_becomes_a_finding()
    {
        var findings = ImmutableArray.CreateBuilder<Finding>();
        var table = TableDdl.Read("t", "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a CONSTRAINT", findings);
        Assert.True(table.AutoIncrement);
        Assert.Empty(table.Checks);
        Assert.Null(IndexDdl.Read("i", "CREATE INDEX i ON", findings));
        Assert.Equal([("ddl-not-understood", "t"), ("ddl-not-understood", "index i")], findings.Select(f => (f.Code, f.Subject)));
    }

    [Fact]
    public async Task A_table_name_that_is_not_UTF8_is_set_aside()
    {
        using var database = new TempDatabase("CREATE TABLE plain(v)", "CREATE TABLE t_bad_name(v)");
        var bytes = await File.ReadAllBytesAsync(database.File, TestContext.Current.CancellationToken);
        for (int at; (at = bytes.AsSpan().IndexOf("t_bad_name"u8)) >= 0;) bytes[at + 1] = 0xff;
        await File.WriteAllBytesAsync(database.File, bytes, TestContext.Current.CancellationToken);
        var schema = await database.InspectAsync();
        Assert.Equal("plain", Assert.Single(schema.Tables).Name);
        Assert.Contains("not UTF-8", Assert.Single(schema.Others).Kind, StringComparison.Ordinal);
    }
}
