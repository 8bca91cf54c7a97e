using System.Text;
using Godwit.IntegrationTests.Migrating;
using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Cases;

/// <summary>Every folder of Cases/ that holds a source.sql: migrated, and compared with what its text files expect.</summary>
public class CaseTests(PostgresFixture postgres)
{
    public static TheoryData<string> Names { get; } = [.. CaseFolder.All().Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_hazard_arrives_as_expected(string name)
    {
        var folder = new CaseFolder(name);
        await using var scenario = await Scenario.CreateAsync(postgres, folder.Source);
        if (folder.Before is { } before) await scenario.DoAsync(before);

        var findings = await FindingsAsync(scenario, folder.Options());

        await using var connection = await scenario.Database.ConnectAsync();
        // All differences are written at once where they are written.
        (string File, string Actual)[] files =
        [
            ("findings.txt", findings),
            // A keyword since PostgreSQL 17, which the catalog quotes from then on.
            ("catalog.txt", (await CaseCatalog.CatalogAsync(connection, Scenario.Token)).Replace("godwit_compat.\"json_value\"", "godwit_compat.json_value", StringComparison.Ordinal)),
            ("values.txt", await CaseCatalog.ValuesAsync(connection, Scenario.Token)),
            ("probes.txt", await ProbesAsync(folder, scenario, connection)),
        ];
        var expected = files.Select(f => folder.Expected(f.File, f.Actual)).ToList();
        Assert.All(files.Zip(expected), f => Assert.Equal(f.Second, f.First.Actual, ignoreLineEndingDifferences: true));
    }

    [Fact]
    public void There_are_cases() => Assert.True(CaseFolder.All().Count() >= 20);

    private static async Task<string> FindingsAsync(Scenario scenario, MigrationOptions options)
    {
        try
        {
            var result = await scenario.MigrateAsync(options);
            var text = new StringBuilder($"verified {result.Verification!.Verdict.ToString().ToLowerInvariant()}, exit {(result.HasDifferences ? 3 : 0)}\n");
            foreach (var line in result.Findings.Select(f => $"{f.Severity.ToString().ToLowerInvariant()} {f.Code}: {CaseCatalog.OneLine(f.Subject.Replace(scenario.File, "app.db", StringComparison.Ordinal))}").Distinct().Order(StringComparer.Ordinal)) text.Append(line).Append('\n');
            foreach (var check in result.Verification.Checks.Concat(result.Verification.Tables.SelectMany(t => t.Checks)).Where(c => c.Verdict != Verdict.Equal))
                text.Append(check.Verdict == Verdict.Different ? "different: " : "not checked: ").Append(CaseCatalog.OneLine(check.Name)).Append('\n');
            return text.ToString();
        }
        catch (GodwitException e) when (e.Kind == ErrorKind.Blocked)
        {
            return $"blocked by {e.Code}, exit 4\n";
        }
    }

    private static async Task<string> ProbesAsync(CaseFolder folder, Scenario scenario, NpgsqlConnection connection)
    {
        var probes = folder.Probes().ToList();
        if (probes.Count == 0) return "";
        using var sqlite = new SqliteConnection($"Data Source={scenario.File};Pooling=False;Foreign Keys=True");
        sqlite.Open();
        var text = new StringBuilder();
        foreach (var (sql, mayDiffer) in probes)
        {
            var (left, right) = (await AcceptsAsync(sqlite, sql), await AcceptsAsync(connection, sql));
            Assert.True(left == right || mayDiffer, $"SQLite {(left ? "accepts" : "refuses")}, PostgreSQL does not: {sql}");
            text.Append(left != right ? left ? "SQLite only" : "PostgreSQL only" : left ? "accepted" : "refused").Append(": ").Append(sql).Append('\n');
        }
        // What the statements did, triggers' doings too: the same on both sides, or written down.
        foreach (var table in (await scenario.VerifyAsync()).Tables.Where(t => t.Verdict != Verdict.Equal).Select(t => t.Table).Order(StringComparer.Ordinal)) text.Append("other rows afterwards: ").Append(table).Append('\n');
        return text.ToString();
    }

    private static async Task<bool> AcceptsAsync(System.Data.Common.DbConnection connection, string sql)
    {
        try
        {
            await connection.ExecuteAsync(sql);
            return true;
        }
        // A broken constraint, or a value of a wrong type.
        catch (SqliteException e) when (e.SqliteErrorCode is 19 or 20) { return false; }
        catch (PostgresException e) when (e.SqlState[..2] is "22" or "23") { return false; }
    }
}
