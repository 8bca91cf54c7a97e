using Godwit.Engines.Sqlite.Sql;
using Xunit;

namespace Godwit.Tests.Engines.Sqlite.Sql;

public sealed class CreateIndexParserTests
{
    [Fact]
    public void Tells_columns_from_expressions_and_takes_off_collation_and_direction()
    {
        var index = CreateIndexParser.Parse("CREATE UNIQUE INDEX if not exists main.\"i x\" ON [t t](a, \"b\" COLLATE nocase DESC, (c) asc, lower(d) collate rtrim, e + 1 desc, (f + 1), 'g', json_extract(h, '$.k,)'), (i collate binary)) WHERE deleted is null and x > ';' ;");
        Assert.Equal(("i x", "t t", true, "deleted is null and x > ';'"), (index.Name, index.Table, index.Unique, index.PredicateSql));
        Assert.Equal(
            [
                ("a", null, null, false), ("b", null, "nocase", true), ("c", null, null, false), (null, "lower(d)", "rtrim", false),
                (null, "e + 1", null, true), (null, "f + 1", null, false), ("g", null, null, false), (null, "json_extract(h, '$.k,)')", null, false), ("i", null, "binary", false),
            ],
            index.Terms.Select(t => (t.Column, t.ExpressionSql, t.Collation, t.Descending)));
    }

    [Fact]
    public void A_column_named_like_a_direction_stays_a_column() =>
        Assert.Equal(["desc", "asc", "nulls"], CreateIndexParser.Parse("create index i on t(\"desc\", \"asc\" desc, nulls)").Terms.Select(t => t.Column));

    [Theory]
    [InlineData("CREATE INDEX i ON t")]
    [InlineData("CREATE INDEX i ON t()")]
    [InlineData("CREATE INDEX i ON t(a")]
    [InlineData("CREATE INDEX i ON t(a) WHERE")]
    [InlineData("CREATE INDEX i ON t(a) x")]
    [InlineData("CREATE TABLE t(a)")]
    public void Refuses_other_texts(string sql) => Assert.Throws<SqlParseException>(() => CreateIndexParser.Parse(sql));
}
