using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Godwit.IntegrationTests.Migrating;
using Godwit.Schema;
using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.IntegrationTests.Properties;

/// <summary>Random values of every storage class in columns of every declared type, and random schemas: all of it arrives. GODWIT_PROPERTIES=10 runs ten times as much.</summary>
public class RandomDatabaseTests(PostgresFixture postgres)
{
    private const int CellsPerType = 10_000;

    private static int Times => int.TryParse(Environment.GetEnvironmentVariable("GODWIT_PROPERTIES"), NumberStyles.None, CultureInfo.InvariantCulture, out var times) ? Math.Max(1, times) : 1;

    public static TheoryData<string> Types { get; } = [.. RandomValues.DeclaredTypes];

    [Theory]
    [MemberData(nameof(Types))]
    public async Task Every_value_of_a_type_arrives(string declared)
    {
        // From all natural to half odd: the type that is chosen depends on it.
        int[] odds = [0, 0, 1, 20, 50];
        var rows = CellsPerType / odds.Length * Times;
        await using var scenario = await Scenario.CreateAsync(postgres, $"create table t (id integer primary key, {string.Join(", ", odds.Select((_, i) => $"c{i} {declared}"))})");
        await using (var source = Open(scenario))
        {
            var columns = odds.Select(o => RandomValues.Of(declared, o).Sample(rows).ToList()).ToList();
            await InsertAsync(source, "t", [.. odds.Select((_, i) => $"c{i}")], rows, (row, column) => columns[column][row]);
        }

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(0, result.Tables.Sum(t => t.Quarantined));
        await using var left = Open(scenario);
        await using var right = await scenario.Database.ConnectAsync();
        var (compared, wrong) = await ReadBack.CompareAsync(left, right, "t", [.. odds.Select((_, i) => $"c{i}")], Scenario.Token);
        Assert.Equal([], wrong.Take(10));
        Assert.True(compared >= CellsPerType, $"{compared} cells");
    }

    private static readonly string[] Names = ["a", "B", "select", "user", "with space", "q\"uote", "é", "100%", "a_very_long_name_that_goes_on_and_on_and_on_beyond_the_limit_of_sixty_three_bytes", "ctid", "dot.ted", "new\nline", "x'y", "A"];

    [Fact]
    public async Task Random_schemas_arrive()
    {
        for (var round = 0; round < 12 * Times; round++)
        {
            var random = new Random(round);
            var sql = string.Join("\n", Enumerable.Range(0, random.Next(1, 5)).Select(n => TableSql($"{Names[random.Next(Names.Length)]} {n}", random)));
            await using var scenario = await Scenario.CreateAsync(postgres, sql);
            await using (var source = Open(scenario))
                foreach (var table in Tables(source))
                {
                    var columns = Columns(source, table);
                    var values = columns.Select(c => RandomValues.Of(c.Type, random.Next(3) == 0 ? 10 : 0).Sample(60).ToList()).ToList();
                    await InsertAsync(source, table, [.. columns.Select(c => c.Name)], 60, (row, column) => values[column][row]);
                }

            var result = await scenario.MigrateAsync(new MigrationOptions { Jobs = 1 + round % 3 });

            // Random values meet in keys as 1 and '1', which SQLite tells apart: such an index cannot be, nor the constraint that stands on it, and is named by a finding instead.
            var named = result.Findings.Any(f => f.Code == "step-refused");
            var wrong = result.Verification!.Checks.Concat(result.Verification.Tables.SelectMany(t => t.Checks)).Where(c => c.Verdict == Verdict.Different && !(named && c.Name is "indexes" or "constraints")).ToList();
            var context = $"round {round}\n{sql}\n{string.Join('\n', result.Verification.Tables.SelectMany(t => t.Differences))}{string.Join('\n', wrong)}";
            Assert.True(wrong.Count == 0, context);
            Assert.True(result.Verification.Tables.All(t => t.Verdict == Verdict.Equal), context);
            await using var left = Open(scenario);
            foreach (var table in Tables(left))
                Assert.Equal((round, table, Count(left, table)), (round, table, result.Tables.Single(t => t.Table == table).RowsWritten));
        }
    }

    private static string TableSql(string name, Random random)
    {
        var lines = new List<string>();
        var used = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "id" };
        for (var n = random.Next(1, 8); n > 0; n--)
        {
            var column = Names[random.Next(Names.Length)];
            if (!used.Add(column)) continue;
            lines.Add($"{SqlName.AlwaysQuote(column)} {RandomValues.DeclaredTypes[random.Next(RandomValues.DeclaredTypes.Length)]}{(random.Next(6) == 0 ? " unique on conflict ignore" : "")}{(random.Next(8) == 0 ? " collate nocase" : "")}{(random.Next(8) == 0 ? " default 5" : "")}");
        }
        switch (random.Next(4))
        {
            case 0: lines.Insert(0, "id integer primary key"); break;
            case 1: lines.Insert(0, "id integer primary key autoincrement"); break;
            case 2 when lines.Count > 0: lines.Add($"primary key ({lines[0][..(lines[0].IndexOf('"', 1) is var end && lines[0].AsSpan(end).StartsWith("\"\"") ? lines[0].IndexOf('"', end + 2) + 1 : end + 1)]})"); break;
        }
        return $"create table {SqlName.AlwaysQuote(name)} ({(lines.Count == 0 ? "x" : string.Join(", ", lines))});";
    }

    private static SqliteConnection Open(Scenario scenario)
    {
        var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False;Foreign Keys=False");
        connection.Open();
        return connection;
    }

    private static List<string> Tables(SqliteConnection connection) => [.. Rows(connection, "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'").Select(r => r[0])];

    private static List<(string Name, string Type)> Columns(SqliteConnection connection, string table) =>
        [.. Rows(connection, $"select name, type from pragma_table_info({SqlText.Literal(table)}) where name <> 'id'").Select(r => (r[0], r[1]))];

    private static long Count(SqliteConnection connection, string table) => long.Parse(Rows(connection, $"select count(*) from {SqlName.AlwaysQuote(table)}")[0][0], CultureInfo.InvariantCulture);

    private static List<string[]> Rows(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string[]>();
        while (reader.Read()) rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetString(i))]);
        return rows;
    }

    private static async Task InsertAsync(SqliteConnection connection, string table, string[] columns, int rows, Func<int, int, object?> value)
    {
        if (columns.Length == 0) return;
        await using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        // OR IGNORE: a random value may stand in the way of a unique key.
        command.CommandText = $"insert or ignore into {SqlName.AlwaysQuote(table)} ({string.Join(", ", columns.Select(SqlName.AlwaysQuote))}) values ({string.Join(", ", columns.Select((_, i) => $"$p{i}"))})";
        for (var i = 0; i < columns.Length; i++) command.Parameters.Add(new SqliteParameter($"$p{i}", null));
        for (var row = 0; row < rows; row++)
        {
            for (var i = 0; i < columns.Length; i++) command.Parameters[i].Value = value(row, i) ?? DBNull.Value;
            await command.ExecuteNonQueryAsync(Scenario.Token);
        }
        await transaction.CommitAsync(Scenario.Token);
    }
}
