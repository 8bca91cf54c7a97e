using Godwit.Engines.Sqlite.Sql;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite.Sql;

public sealed class CreateTableParserTests
{
    static CreateTableParserTests() => SQLitePCL.Batteries_V2.Init();

    public static TheoryData<string> Accepted => [.. DdlTexts.Tables];

    [Theory, MemberData(nameof(Accepted))]
    public void Says_of_a_table_what_SQLite_says(string sql)
    {
        using var db = Open();
        Assert.True(Create(db, sql), "SQLite refuses the fixture");
        Assert.Equal(Plain(Seen(db)), Plain(Parsed(CreateTableParser.Parse(sql))));
    }

    [Fact]
    public void Reads_mutated_definitions_as_SQLite_does()
    {
        var random = new Random(20250701);
        var accepted = 0;
        for (var i = 0; i < 2000; i++)
        {
            var sql = Mutate(random, DdlTexts.Tables[random.Next(DdlTexts.Tables.Length)]);
            CreateTableStatement? parsed = null;
            try { parsed = CreateTableParser.Parse(sql); }
            catch (SqlParseException e) { Assert.InRange(e.Position, 0, sql.Length); }
            using var db = Open();
            if (!Create(db, sql) || Seen(db) is not { Length: > 0 } seen) continue;
            accepted++;
            Assert.True(parsed is not null, $"SQLite accepts what the parser refuses: {sql}");
            Assert.True(seen.Contains("|?|", StringComparison.Ordinal) || parsed.Columns.Any(c => c.TypeText.AsSpan().IndexOfAny("\"[`'") >= 0) || Plain(seen) == Plain(Parsed(parsed)), $"{sql}\n{seen}\n{Parsed(parsed)}");
        }
        Assert.InRange(accepted, 300, 2000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CREATE TABLE")]
    [InlineData("CREATE TABLE t AS SELECT 1")]
    [InlineData("CREATE TABLE t(a,)")]
    [InlineData("CREATE TABLE t(a 'x)")]
    [InlineData("CREATE TABLE t(a check (b)")]
    [InlineData("CREATE VIRTUAL TABLE t USING fts5(a)")]
    [InlineData("CREATE TABLE t(a) garbage")]
    public void Refuses_what_is_no_column_list(string sql) => Assert.Throws<SqlParseException>(() => CreateTableParser.Parse(sql));

    [Fact]
    public void Deep_nesting_neither_overflows_nor_hangs()
    {
        var deep = new string('(', 200_000);
        Assert.Throws<SqlParseException>(() => CreateTableParser.Parse($"CREATE TABLE t(a check {deep}"));
        var closed = CreateTableParser.Parse($"CREATE TABLE t(a check {deep}1{new string(')', 200_000)})");
        Assert.Single(closed.Columns[0].Checks);
        Assert.Equal("a", CreateIndexParser.Parse($"CREATE INDEX i ON t({deep}a{new string(')', 200_000)})").Terms[0].Column);
    }

    [Fact]
    public void Keeps_what_the_catalog_of_SQLite_forgets()
    {
        var t = CreateTableParser.Parse(DdlTexts.Tables[9]);
        var pk = Assert.IsType<TableConstraint.PrimaryKey>(t.Constraints[0]);
        Assert.Equal([("a", null, true), ("b", "nocase", false)], pk.Columns.Select(c => (c.Column, c.Collation, c.Descending)));
        Assert.Equal("PRIMARY KEY ON CONFLICT FAIL", pk.ConflictClause);
        var unique = Assert.IsType<TableConstraint.Unique>(t.Constraints[1]);
        Assert.Equal(("u-1", "UNIQUE ON CONFLICT REPLACE"), (unique.Name, unique.ConflictClause));
        Assert.Equal("a <> b", Assert.IsType<TableConstraint.Check>(t.Constraints[2]).Sql);
        var fk = Assert.IsType<TableConstraint.ForeignKey>(t.Constraints[3]);
        Assert.Equal(("fk", "q", "NO ACTION", "RESTRICT"), (fk.Name, fk.Clause.ParentTable, fk.Clause.OnDelete, fk.Clause.OnUpdate));
        Assert.Equal(["x", "y"], fk.Clause.ParentColumns);
        Assert.Equal(4, t.Constraints.Length);

        var c = CreateTableParser.Parse(DdlTexts.Tables[7]).Columns;
        Assert.Equal([(null, "a > ')'"), (null, "(a)")], c[0].Checks);
        Assert.Equal(["UNIQUE ON CONFLICT IGNORE", "NOT NULL ON CONFLICT ABORT"], c[0].ConflictClauses);
        Assert.Equal([("n2", "b /* ) */ > 0")], c[1].Checks);
        Assert.Equal(["n1", "n2"], c[1].ConstraintNames);
        Assert.Equal("NOCASE", c[1].Collation);

        var r = CreateTableParser.Parse(DdlTexts.Tables[8]).Columns;
        Assert.Equal(new ForeignKeyClause("p", r[0].References!.ParentColumns, "SET NULL", "CASCADE", true, true, "FULL"), r[0].References);
        Assert.Equal(["c1"], r[0].ConstraintNames);
        Assert.True(r[2].NotNull);
        Assert.False(r[2].References!.Deferrable);
        var self = Assert.IsType<TableConstraint.ForeignKey>(CreateTableParser.Parse(DdlTexts.Tables[^1]).Constraints[0]).Clause;
        Assert.Equal((true, false), (self.Deferrable, self.InitiallyDeferred));
    }

    [Fact]
    public void Keys_and_generated_columns()
    {
        Assert.True(CreateTableParser.Parse(DdlTexts.Tables[6]).Columns[0].PrimaryKeyDescending);
        Assert.True(Assert.IsType<TableConstraint.PrimaryKey>(CreateTableParser.Parse(DdlTexts.Tables[10]).Constraints[0]).AutoIncrement);
        Assert.True(CreateTableParser.Parse(DdlTexts.Tables[5]).Columns[0].AutoIncrement);
        var g = CreateTableParser.Parse(DdlTexts.Tables[11]).Columns;
        Assert.Equal([null, "a * 2", "a+1", "a", "upper('(')"], g.Select(c => c.GeneratedSql));
        Assert.Equal([false, false, true, false, false], g.Select(c => c.GeneratedStored));
        Assert.Equal("( datetime('now') )", CreateTableParser.Parse(DdlTexts.Tables[4]).Columns[11].DefaultSql);
        var options = CreateTableParser.Parse(DdlTexts.Tables[12]);
        Assert.True(options is { Strict: true, WithoutRowId: true });
    }

    private static SqliteConnection Open()
    {
        var db = new SqliteConnection("Data Source=:memory:;Pooling=False");
        db.Open();
        return db;
    }

    private static bool Create(SqliteConnection db, string sql)
    {
        if (sql.Contains('\0', StringComparison.Ordinal)) return false;
        using var command = db.CreateCommand();
        command.CommandText = sql;
        try { command.ExecuteNonQuery(); return true; }
        catch (SqliteException) { return false; }
    }

    private static string Seen(SqliteConnection db)
    {
        using var command = db.CreateCommand();
        command.CommandText = """
            SELECT group_concat(x.name || '|' || iif(instr(x.type, '--') OR instr(x.type, '/*'), '?', x.type) || '|' || (x."notnull" AND NOT (l.wr AND x.pk)) || '|' || ifnull(x.dflt_value, '-') || '|' || x.hidden, char(10)), count(*) FILTER (WHERE x.cid >= 0), l.name, l.wr, l.strict
            FROM pragma_table_list l, pragma_table_xinfo(l.name, l.schema) x WHERE l.type = 'table' AND l.name NOT LIKE 'sqlite\_%' ESCAPE '\' GROUP BY l.name
            """;
        using var reader = command.ExecuteReader();
        return reader.Read() && !reader.IsDBNull(0) ? $"{reader.GetString(2)} {reader.GetInt32(3)} {reader.GetInt32(4)}\n{reader.GetString(0)}" : "";
    }

    private static string Parsed(CreateTableStatement t) =>
        $"{t.Name} {(t.WithoutRowId ? 1 : 0)} {(t.Strict ? 1 : 0)}\n" + string.Join('\n', t.Columns.Select(c =>
            $"{c.Name}|{c.TypeText}|{(c.NotNull && !(t.WithoutRowId && IsKey(t, c)) ? 1 : 0)}|{Shown(c.DefaultSql)}|{(c.GeneratedSql is null ? 0 : c.GeneratedStored ? 3 : 2)}"));

    private static bool IsKey(CreateTableStatement t, ColumnDefinition c) => c.PrimaryKey || t.Constraints.OfType<TableConstraint.PrimaryKey>()
        .Any(k => k.Columns.Any(x => string.Equals(x.Column, c.Name, StringComparison.OrdinalIgnoreCase)));

    // SQLite leaves out the outer parentheses of a default.
    private static string Shown(string? sql) => sql is null ? "-" : sql.StartsWith('(') ? sql[1..^1].Trim() : sql;

    // SQLite writes standard types in capitals and others as they stand, with half of their quotes.
    private static string Plain(string seen) => string.Concat(seen.ToUpperInvariant().Where(c => !char.IsWhiteSpace(c) && !"\"[]`'".Contains(c, StringComparison.Ordinal)));

    private static readonly string[] Pieces =
        ["(", ")", ",", "'", "\"", "[", "]", "`", "--", "/*", "*/", " ", "\n", " not null ", " default ", " primary key ", " unique ", "check(1)", " collate nocase ", "a", "1", "-", "+", ".", ";", " constraint z ", " references r ", " as (1) ", " generated always ", "x'00'", "é", "\0", " strict", " without rowid", "deferrable ", " on conflict ignore ", "(10)", " text "];

    private static string Mutate(Random random, string sql)
    {
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(sql.Length + 1);
            var length = Math.Min(random.Next(6), sql.Length - at);
            sql = random.Next(3) switch
            {
                0 => sql.Remove(at, length),
                1 => sql.Insert(at, Pieces[random.Next(Pieces.Length)]),
                _ => sql.Insert(at, sql.Substring(random.Next(sql.Length - length + 1), length)),
            };
            if (sql.Length == 0) return sql;
        }
        return sql;
    }
}
