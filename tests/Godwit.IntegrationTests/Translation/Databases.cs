using System.Globalization;
using System.Text;
using Godwit.Engines.Sqlite.Sql;
using Godwit.Schema;
using Godwit.Source;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Translation;

/// <summary>The same rows in SQLite and in PostgreSQL, and what each says of an expression or a view.</summary>
internal sealed class Databases : IAsyncDisposable
{
    private readonly TestDatabase _database;

    private Databases(TestDatabase database, SqliteConnection sqlite, NpgsqlConnection postgres)
    {
        _database = database;
        Sqlite = sqlite;
        Postgres = postgres;
    }

    public SqliteConnection Sqlite { get; }
    public NpgsqlConnection Postgres { get; }
    public SqliteTranslator Translator { get; } = new();
    public List<ScopeTable> Tables { get; } = [];
    public TranslationScope Scope => new([.. Tables]);

    public static async Task<Databases> OpenAsync(PostgresFixture server)
    {
        SQLitePCL.Batteries_V2.Init();
        var sqlite = new SqliteConnection("Data Source=:memory:;Pooling=False");
        sqlite.Open();
        var database = await server.CreateDatabaseAsync();
        var postgres = await database.ConnectAsync();
        var databases = new Databases(database, sqlite, postgres);
        await databases.ExecuteAsync("SET TimeZone = 'UTC'; CREATE SCHEMA godwit_compat");
        foreach (var sql in databases.Translator.HelperSql(AllHelpers, "godwit_compat")) await databases.ExecuteAsync(sql);
        return databases;
    }

    private static readonly string[] AllHelpers =
        ["add_months", "as_number", "blob_text", "char", "clamp", "div", "glob", "join_distinct", "join_distinct_by", "json_each", "json_item", "json_patch", "json_quote", "json_tree", "json_valid", "json_value", "moment", "octal", "number_text",
            "pad", "power", "random", "random_bytes", "real_g", "real_text", "shift", "substr", "time_text", "to_integer", "to_number", "utf8", "whole"];

    /// <summary>A table in both; types are PostgreSQL's, rows are SQL literals that both read alike.</summary>
    public async Task TableAsync(string sqliteDdl, string name, params (string Column, string PgType)[] columns)
    {
        Run(sqliteDdl);
        var definition = CreateTableParser.Parse(sqliteDdl[..(sqliteDdl.Contains(';', StringComparison.Ordinal) ? sqliteDdl.IndexOf(';', StringComparison.Ordinal) : sqliteDdl.Length)]);
        await ExecuteAsync($"CREATE TABLE {new SqlName("public", name)} ({string.Join(", ", columns.Select(c => $"{SqlName.Quote(c.Column)} {c.PgType}"))})");
        Tables.Add(new ScopeTable(name, new SqlName("public", name), [.. definition.Columns.Zip(columns, (d, c) => new ScopeColumn(d.Name, c.Column, c.PgType, d.Collation)
        {
            Affinity = PgTypes.Affinity(d.TypeText), IsRowKey = d.PrimaryKey && d.TypeText.Equals("integer", StringComparison.OrdinalIgnoreCase), NotNull = d.PrimaryKey,
            NumericTime = c.PgType == "timestamptz" && PgTypes.Affinity(d.TypeText) == "INTEGER" ? "EpochSeconds" : null,
        })]));
        foreach (var row in Rows($"SELECT * FROM \"{name}\""))
        {
            var values = row.Select((v, i) => v is null ? "NULL" : columns[i].PgType == "timestamptz" ? $"to_timestamp({v})" : v is byte[] b ? $"'\\x{Convert.ToHexString(b)}'" : SqlText.Literal(Convert.ToString(v, CultureInfo.InvariantCulture)!));
            await ExecuteAsync($"INSERT INTO {new SqlName("public", name)} VALUES ({string.Join(", ", values)})");
        }
    }

    public void Run(string sql)
    {
        using var command = Sqlite.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, Postgres);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public List<object?[]> Rows(string sql)
    {
        using var command = Sqlite.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<object?[]>();
        while (reader.Read())
        {
            var row = new object?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++) row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            rows.Add(row);
        }
        return rows;
    }

    /// <summary>Rows of both as comparable text.</summary>
    public List<string> FromSqlite(string sql) => [.. Rows(sql).Select(r => string.Join('|', r.Select(Loose)))];

    public async Task<List<string>> FromPostgresAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, Postgres) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            var cells = new List<string>();
            for (var i = 0; i < reader.FieldCount; i++)
            {
                var value = await reader.IsDBNullAsync(i, TestContext.Current.CancellationToken) ? null : reader.GetString(i);
                cells.Add(Loose(reader.GetDataTypeName(i) switch { "boolean" => value switch { "t" => "1", "f" => "0", _ => value }, "bytea" => value is null ? null : Convert.FromHexString(value[2..]), _ => value }));
            }
            rows.Add(string.Join('|', cells));
        }
        return rows;
    }

    /// <summary>1, 1.0 and '1' are one; JSON counts by its content; '2020-01-01' is midnight.</summary>
    private static string Loose(object? value)
    {
        if (value is null) return "NULL";
        if (value is byte[] blob) return "x" + Convert.ToHexString(blob);
        var text = Convert.ToString(value, CultureInfo.InvariantCulture)!;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return number.ToString("G9", CultureInfo.InvariantCulture);
        if (text.Length == 10 && DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)) return text + " 00:00:00";
        if (text.Length > 0 && text[0] is '{' or '[' && ExpressionTranslator.IsJson(text)) return Sorted(System.Text.Json.Nodes.JsonNode.Parse(text))?.ToJsonString() ?? "null";
        return text;
    }

    private static System.Text.Json.Nodes.JsonNode? Sorted(System.Text.Json.Nodes.JsonNode? node) => node switch
    {
        System.Text.Json.Nodes.JsonObject o => new System.Text.Json.Nodes.JsonObject(o.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Sorted(m.Value)))),
        System.Text.Json.Nodes.JsonArray a => new System.Text.Json.Nodes.JsonArray([.. a.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    public async ValueTask DisposeAsync()
    {
        Sqlite.Dispose();
        await Postgres.DisposeAsync();
        await _database.DisposeAsync();
    }
}
