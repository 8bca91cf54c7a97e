using System.Collections.Immutable;
using System.Diagnostics;
using Godwit.Engines.Sqlite;
using Godwit.Engines.Sqlite.Sql;
using Godwit.Schema;
using Godwit.Source;
using Xunit;

namespace Godwit.Tests.Fuzz;

/// <summary>Whatever a CREATE statement says: it is translated, or refused with a reason, at once.</summary>
public sealed class DamagedTextTests
{
    private static readonly string[] Tables =
    [
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a VARCHAR(20) NOT NULL DEFAULT 'x' COLLATE NOCASE CHECK (length(a) < 9), b DECIMAL(10,2) DEFAULT (1 + 2), c AS (a || b) STORED, CONSTRAINT u UNIQUE (a, b) ON CONFLICT REPLACE, FOREIGN KEY (b) REFERENCES p (q) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED) STRICT",
        "CREATE TABLE [t t] (\"a\"\"b\" TEXT /* no */ , -- yes\n `c` BLOB DEFAULT x'00ff', PRIMARY KEY (`c` DESC, \"a\"\"b\")) WITHOUT ROWID",
    ];

    private static readonly string[] Indexes = ["CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t (lower(a) COLLATE NOCASE DESC, b + 1) WHERE a IS NOT NULL AND b IN (1, 2)"];

    private static readonly string[] Views =
    [
        "CREATE VIEW v (x, y) AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT a, count(*) FILTER (WHERE b > 1) OVER (PARTITION BY a ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t LEFT JOIN n ON n.i = t.id WHERE a LIKE 'x%' ESCAPE '\\' GROUP BY a HAVING sum(b) > 0 ORDER BY 1 DESC LIMIT 5",
        "CREATE VIEW v AS SELECT CASE WHEN a IS NOT NULL THEN json_extract(j, '$.a[0]') ELSE cast(b AS TEXT) || '%' END AS c, strftime('%Y-%m', d, '+1 month'), printf('%05d|%.2f', id, b) FROM t UNION SELECT upper(a), d, 'none' FROM t WHERE id IN (SELECT max(id) FROM t) AND EXISTS (SELECT 1)",
    ];

    private static readonly string[] Triggers =
    [
        "CREATE TRIGGER g BEFORE UPDATE OF a, b ON t FOR EACH ROW WHEN new.a IS NOT old.a BEGIN SELECT CASE WHEN new.b < 0 THEN RAISE(ABORT, 'no') ELSE RAISE(IGNORE) END; INSERT OR REPLACE INTO t (id, a) VALUES (new.id, 'x'), (2, upper(new.a)); UPDATE t SET (a, b) = (SELECT a, 1 FROM t WHERE id = 1), d = datetime('now') FROM t AS o WHERE o.id = t.id; DELETE FROM t WHERE id = old.id; END",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t SELECT id + 1, a, b, d, j FROM t WHERE id = new.id ON CONFLICT (id) DO UPDATE SET a = excluded.a WHERE excluded.b > 1; END",
    ];

    private static readonly ScopeTable Scope = new("t", new SqlName("public", "t"),
    [
        new("id", "id", "bigint") { Affinity = "INTEGER", IsRowKey = true, NotNull = true }, new("a", "a", "text", "NOCASE") { Affinity = "TEXT" }, new("b", "b", "numeric") { Affinity = "NUMERIC" },
        new("d", "d", "timestamp") { Affinity = "NUMERIC" }, new("j", "j", "jsonb") { Affinity = "NUMERIC" },
    ])
    { UniqueKeys = [new ScopeKey(["id"], "id")] };

    [Fact]
    public void Damaged_statements_are_translated_or_refused()
    {
        var translator = new SqliteTranslator();
        var scope = new TranslationScope([Scope]);
        var (made, refused) = (0, 0);
        foreach (var sql in Views) Assert.Null(translator.View(new View("v", sql), scope).Problem);
        foreach (var sql in Triggers) Assert.Null(translator.Trigger(new Trigger("g", "t", sql), scope, false).Problem);
        var rounds = Mutation.Rounds(8500);
        for (var seed = 0; seed < rounds; seed++)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                if (Try(translator, scope, seed)) made++;
                else refused++;
            }
            catch (Exception e) when (e is not GodwitException)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
            Assert.True(Stopwatch.GetElapsedTime(began).TotalSeconds < 5, $"seed {seed}");
        }
        Assert.True(made > rounds / 50 && refused > rounds / 50, $"{made} made, {refused} refused");
    }

    private static bool Try(SqliteTranslator translator, TranslationScope scope, int seed)
    {
        var mutation = new Mutation(seed);
        switch (seed % 5)
        {
            case 0: return translator.View(new View("v", mutation.Of(Views[seed / 5 % Views.Length])), scope).Query is not null;
            case 1: return translator.Trigger(new Trigger("g", "t", mutation.Of(Triggers[seed / 5 % Triggers.Length])), scope, seed % 2 == 0).Body is not null;
            case 2:
                var findings = ImmutableArray.CreateBuilder<Finding>();
                TableDdl.Read("t", mutation.Of(Tables[seed / 5 % Tables.Length]), findings);
                return findings.Count == 0;
            case 3:
                var indexFindings = ImmutableArray.CreateBuilder<Finding>();
                IndexDdl.Read("i", mutation.Of(Indexes[0]), indexFindings);
                return indexFindings.Count == 0;
            default:
                var sql = mutation.Of(seed % 2 == 0 ? "a glob '[A-Z]*' and (b between 1 and 2 or json_valid(j)) and instr(a, '@') > 0" : "substr('000' || id, -3) || '-' || upper(coalesce(a, 'none'))");
                return translator.Expression(sql, Scope, null, seed % 3 == 0 ? ExpressionUse.IndexTerm : ExpressionUse.Check).Problem is null;
        }
    }
}
