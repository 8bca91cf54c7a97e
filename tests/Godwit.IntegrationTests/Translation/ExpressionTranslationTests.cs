using Godwit.Engines.Sqlite.Sql;
using Godwit.Schema;
using Godwit.Source;
using Xunit;

namespace Godwit.IntegrationTests.Translation;

public sealed class ExpressionTranslationTests(PostgresFixture server)
{
    private static readonly ScopeTable Table = new("t", new SqlName("public", "t"),
    [
        new("id", "id", "bigint") { Affinity = "INTEGER", IsRowKey = true, NotNull = true }, new("a", "a", "text") { Affinity = "TEXT" }, new("c", "c", "bigint") { Affinity = "INTEGER" },
        new("e", "e", "double precision") { Affinity = "REAL" }, new("flag", "flag", "boolean") { Affinity = "NUMERIC" }, new("data", "data", "jsonb") { Affinity = "NUMERIC" },
        new("n", "n", "text", "NOCASE") { Affinity = "TEXT" }, new("b", "b", "bytea") { Affinity = "BLOB" },
    ]);

    // Default, declared type, PostgreSQL's type, what PostgreSQL shows (a regular expression).
    private static readonly (string Sql, string Declared, string PgType, string Expected)[] Defaults =
    [
        ("0", "boolean", "boolean", "^f$"), ("true", "boolean", "boolean", "^t$"), ("'1'", "int", "bigint", "^1$"), ("-5", "int", "integer", "^-5$"), ("+7", "int", "bigint", "^7$"),
        ("0x1F", "int", "bigint", "^31$"), ("(1+2)", "int", "bigint", "^3$"), ("1e3", "real", "double precision", "^1000$"), ("9.90", "decimal(10,2)", "numeric(10,2)", "^9.90$"), ("'it''s'", "text", "text", "^it's$"),
        ("\"double\"", "text", "text", "^double$"), ("word", "text", "text", "^word$"), ("5", "text", "text", "^5$"), ("1e3", "text", "varchar(10)", "^1000\\.0$"), ("x'CAFE'", "blob", "bytea", @"^\\xcafe$"), ("'{\"a\":[]}'", "json", "jsonb", "^{\"a\": \\[\\]}$"),
        ("current_timestamp", "datetime", "timestamp", @"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"), ("CURRENT_TIMESTAMP", "datetime", "timestamptz", @"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00$"), ("current_timestamp", "text", "text", @"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"),
        ("current_date", "date", "date", @"^\d{4}-\d\d-\d\d$"), ("current_time", "time", "time", @"^\d\d:\d\d:\d\d$"), ("(datetime('now'))", "text", "text", @"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"), ("(datetime('now','localtime'))", "text", "text", @"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"),
        ("(strftime('%s','now'))", "integer", "bigint", @"^\d{10}$"), ("(unixepoch())", "integer", "bigint", @"^\d{10}$"), ("(strftime('%Y-%m-%dT%H:%M:%fZ','now'))", "text", "text", @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"),
        ("(julianday('now'))", "real", "double precision", @"^24\d{5}\.\d+$"), ("(random())", "integer", "bigint", @"^-?\d+$"), ("(abs(random()) % 100)", "integer", "bigint", @"^\d\d?$"),
        ("(lower(hex(randomblob(16))))", "text", "text", "^[0-9a-f]{32}$"), ("('r'||lower(hex(randomblob(7))))", "text", "text", "^r[0-9a-f]{14}$"), ("(randomblob(3))", "blob", "bytea", @"^\\x[0-9a-f]{6}$"),
    ];

    [Fact]
    public async Task Defaults_make_a_value_of_the_column()
    {
        await using var db = await Databases.OpenAsync(server);
        foreach (var (sql, declared, pgType, expected) in Defaults)
        {
            var column = new ScopeColumn("x", "x", pgType) { Affinity = PgTypes.Affinity(declared) };
            var translation = db.Translator.Expression(sql, Table, column, ExpressionUse.Default);
            Assert.True(translation.Problem is null, $"{sql}: {translation.Problem}");
            await db.ExecuteAsync($"DROP TABLE IF EXISTS d; CREATE TABLE d (k int, x {pgType} DEFAULT {translation.Sql}); INSERT INTO d (k) VALUES (1)");
            await using var command = new Npgsql.NpgsqlCommand("SELECT x FROM d", db.Postgres) { AllResultTypesAreUnknown = true };
            Assert.Matches(expected, (string?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("''", "int", "bigint")]
    [InlineData("''", "date", "date")]
    [InlineData("2", "boolean", "boolean")]
    [InlineData("1.5", "int", "bigint")]
    [InlineData("'abcdef'", "text", "varchar(3)")]
    [InlineData("'{'", "json", "jsonb")]
    [InlineData("(my_function())", "text", "text")]
    [InlineData("9.905", "decimal", "numeric(10,2)")]
    public void Defaults_that_the_type_cannot_hold_are_refused(string sql, string declared, string pgType)
    {
        var translation = new SqliteTranslator().Expression(sql, Table, new ScopeColumn("x", "x", pgType) { Affinity = PgTypes.Affinity(declared) }, ExpressionUse.Default);
        Assert.Null(translation.Sql);
        Assert.NotNull(translation.Problem);
    }

    [Theory]
    [InlineData("flag in (0,1)")]
    [InlineData("json_valid(data)")]
    [InlineData("json_valid(data) or data is null")]
    [InlineData("typeof(id) = 'integer'")]
    public void Checks_that_the_type_says_need_nothing(string sql) => Assert.Equal((null, null), new SqliteTranslator().Expression(sql, Table, null, ExpressionUse.Check) is var t ? (t.Sql, t.Problem) : default);

    private static readonly string[] Checks =
    [
        "a glob '[A-Z]*'", "typeof(c) = 'integer'", "a like 'x%'", "e between 0 and 1e6", "length(a) <= 4 and a <> ''", "a is null or a == lower(a)", "ifnull(c,0) >= 0", "date(a) is not null", "c notnull",
        "instr(a,'@') > 0", "c is not 5", "length(b) = 2", "upper(substr(a,1,1)) = substr(a,1,1)", "a <> n or id > 0", "n = 'ab'", "n in ('AB','x')", "flag = 1", "not flag", "flag in (0,1) or flag is null", "c = '5'", "a = 5", "e > 'x'", "c",
    ];

    [Fact]
    public async Task Checks_hold_for_the_same_rows()
    {
        await using var db = await Databases.OpenAsync(server);
        const string Rows = "(1,'Abc',5,0.5,1,'{}','AB',x'0102'),(2,'x@y',-1,2e6,0,'{}','ab',x'01'),(3,null,null,null,null,null,null,null),(4,'2020-01-01',0,-1,1,'[]','x ',x''),(5,'5',7,1,0,'1','X',x'ffff'),(6,'',5,0,1,'{}','',null)";
        await db.TableAsync("create table t (id integer primary key, a text, c integer, e real, flag boolean, data json, n text collate nocase, b blob); insert into t values " + Rows, "t",
            ("id", "bigint"), ("a", "text"), ("c", "bigint"), ("e", "double precision"), ("flag", "boolean"), ("data", "jsonb"), ("n", "text"), ("b", "bytea"));
        foreach (var sql in Checks)
        {
            var translation = db.Translator.Expression(sql, Table, null, ExpressionUse.Check);
            Assert.True(translation.Problem is null, $"{sql}: {translation.Problem}");
            Assert.Equal(db.FromSqlite($"select '{sql.Replace("'", "", StringComparison.Ordinal)}', id from t where not ({sql}) order by id"),
                await db.FromPostgresAsync($"SELECT '{sql.Replace("'", "", StringComparison.Ordinal)}', id FROM t WHERE NOT ({translation.Sql}) ORDER BY id"));
            await db.ExecuteAsync($"ALTER TABLE t ADD CHECK ({translation.Sql}) NOT VALID");
        }
    }

    private static readonly (string Sql, ExpressionUse Use)[] Immutable =
    [
        ("lower(a)", ExpressionUse.IndexTerm),
        ("json_extract(data,'$.k')", ExpressionUse.IndexTerm),
        ("c+1", ExpressionUse.IndexTerm),
        ("abs(c)", ExpressionUse.IndexTerm),
        ("n collate nocase", ExpressionUse.IndexTerm),
        ("a collate rtrim", ExpressionUse.IndexTerm),
        ("date(a)", ExpressionUse.IndexTerm),
        ("strftime('%Y', a)", ExpressionUse.IndexTerm),
        ("a is null and c > 3", ExpressionUse.IndexPredicate),
        ("a not null and ifnull(c,0) <> 7", ExpressionUse.IndexPredicate),
        ("n like 'z%'", ExpressionUse.IndexPredicate),
        ("e*c", ExpressionUse.Generated),
        ("json_extract(data,'$.x')", ExpressionUse.Generated),
        ("substr('000'||id,-3) || '-' || upper(coalesce(a,'none'))", ExpressionUse.Generated),
        ("date('2020-01-01','+'||id||' day')", ExpressionUse.Generated),
    ];

    [Fact]
    public async Task Indexes_and_generated_columns_are_immutable()
    {
        await using var db = await Databases.OpenAsync(server);
        await db.ExecuteAsync("CREATE TABLE t (id bigint, a text, c bigint, e double precision, flag boolean, data jsonb, n text, b bytea)");
        foreach (var (sql, use) in Immutable)
        {
            var column = new ScopeColumn("g", "g", sql == "e*c" ? "double precision" : "text") { Affinity = "TEXT" };
            var translation = db.Translator.Expression(sql, Table, use == ExpressionUse.Generated ? column : null, use);
            Assert.True(translation.Problem is null, $"{sql}: {translation.Problem}");
            await db.ExecuteAsync(use switch
            {
                ExpressionUse.IndexTerm => $"CREATE INDEX ON t (({translation.Sql}))",
                ExpressionUse.IndexPredicate => $"CREATE INDEX ON t (id) WHERE {translation.Sql}",
                _ => $"ALTER TABLE t DROP COLUMN IF EXISTS g, ADD g {column.PgType} GENERATED ALWAYS AS ({translation.Sql}) STORED",
            });
        }
    }

    [Fact]
    public void What_changes_over_time_has_no_index()
    {
        var t = new SqliteTranslator();
        Assert.NotNull(t.Expression("date('now')", Table, null, ExpressionUse.IndexTerm).Problem);
        Assert.NotNull(t.Expression("a > datetime('now')", Table, null, ExpressionUse.IndexPredicate).Problem);
        Assert.NotNull(t.Expression("random()", Table, null, ExpressionUse.Generated).Problem);
        Assert.NotNull(t.Expression("length(data)", Table, null, ExpressionUse.Generated).Problem);
    }
}
