using System.Globalization;
using System.Text;
using System.Text.Json;
using Godwit.Samples.InternshipTracker;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Godwit.Tests.Samples;

/// <summary>One file of 400 users for the tests that only read.</summary>
public sealed class TrackerFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("godwit-tracker").FullName;
    public string Path { get; }

    public TrackerFile()
    {
        Path = System.IO.Path.Combine(_folder, "tracker.db");
        TrackerGenerator.Write(Path, new TrackerOptions(Users: 400));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

public sealed class TrackerGeneratorTests(TrackerFile tracker) : IClassFixture<TrackerFile>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("godwit-tracker").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Equal_options_give_equal_bytes_and_another_seed_does_not()
    {
        var first = Write("a.db", new TrackerOptions(Users: 60));
        var second = Write("b.db", new TrackerOptions(Users: 60));
        var other = Write("c.db", new TrackerOptions(Users: 60, Seed: 43));
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        Assert.NotEqual(File.ReadAllBytes(first), File.ReadAllBytes(other));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 40, 0)]
    [InlineData(2, 80, 2)]
    [InlineData(3, 120, 6)]
    [InlineData(12, 480, 120)]
    [InlineData(997, 39_880, 9_970)]
    [InlineData(1000, 40_000, 10_000)]
    public void Any_size_has_the_promised_rows_and_holds_its_own_constraints(int users, long internships, long friendships)
    {
        using var db = Open(Write("t.db", new TrackerOptions(Users: users)));
        Assert.Equal(users, Scalar(db, "SELECT count(*) FROM users"));
        Assert.Equal(internships, Scalar(db, "SELECT count(*) FROM internships"));
        Assert.Equal(friendships, Scalar(db, "SELECT count(*) FROM friendships"));
        Assert.Equal(0, Scalar(db, "SELECT count(*) FROM pragma_foreign_key_check"));
        Assert.Equal(0, Scalar(db, "SELECT count(*) FROM friendships WHERE user_id = friend_id"));
        Assert.Equal("ok", Text(db, "PRAGMA integrity_check"));
    }

    [Fact]
    public void Chosen_counts_replace_the_usual_ones()
    {
        using var db = Open(Write("t.db", new TrackerOptions(Users: 10, Internships: 7, Friendships: 3)));
        Assert.Equal(7, Scalar(db, "SELECT count(*) FROM internships"));
        Assert.Equal(3, Scalar(db, "SELECT count(*) FROM friendships"));
    }

    [Fact]
    public void Columns_and_types_are_those_of_the_application()
    {
        using var db = Open(Write("t.db", new TrackerOptions(Users: 1)));
        Assert.Equal("id INTEGER,username VARCHAR(80),email VARCHAR(120),password_hash VARCHAR(255),first_name VARCHAR(80),last_name VARCHAR(80),major VARCHAR(100),"
            + "graduation_year INTEGER,location VARCHAR(200),bio TEXT,profile_picture VARCHAR(255),social_media JSON,created_at DATETIME,password_changed_at DATETIME", Columns(db, "users"));
        Assert.Equal("id INTEGER,user_id INTEGER,company VARCHAR(200),position VARCHAR(200),location VARCHAR(200),status VARCHAR(50),date_applied DATE,application_deadline DATE,"
            + "description TEXT,salary_range VARCHAR(100),notes TEXT,contacts JSON,next_action VARCHAR(200),next_action_date DATE,next_action_completed BOOLEAN,"
            + "created_at DATETIME,updated_at DATETIME", Columns(db, "internships"));
        Assert.Equal("id INTEGER,user_id INTEGER,friend_id INTEGER,status VARCHAR(20),created_at DATETIME", Columns(db, "friendships"));
    }

    [Fact]
    public void Every_value_fits_its_declared_type()
    {
        using var db = Open(tracker.Path);
        foreach (var table in (string[])["users", "internships", "friendships"])
            foreach (var (name, type) in ColumnList(db, table))
                foreach (var value in Values(db, $"SELECT {name} FROM {table} WHERE {name} IS NOT NULL"))
                    Assert.True(Fits(value, type), $"{table}.{name} {type}: {value}");
    }

    /// <summary>The sample is there to show what is hard; each kind of hard value must be in it.</summary>
    [Theory]
    [InlineData("SELECT count(*) FROM users WHERE bio = ''")]
    [InlineData("SELECT count(*) FROM users WHERE bio IS NULL")]
    [InlineData("SELECT count(*) FROM users WHERE social_media = 'null'")]
    [InlineData("SELECT count(*) FROM users WHERE json_array_length(social_media, '$.links') = 2")]
    [InlineData("SELECT count(*) FROM users WHERE last_name LIKE '%''%'")]
    [InlineData("SELECT count(*) FROM users WHERE bio LIKE '%👩‍💻%'")]
    [InlineData("SELECT count(*) FROM users WHERE unicode(first_name) > 0x3040")]
    [InlineData("SELECT count(*) FROM users WHERE created_at LIKE '%.______'")]
    [InlineData("SELECT count(*) FROM users WHERE length(created_at) = 19")]
    [InlineData("SELECT count(*) FROM internships WHERE company LIKE '%\\%'")]
    [InlineData("SELECT count(*) FROM internships WHERE company LIKE '%\"%'")]
    [InlineData("SELECT count(*) FROM internships WHERE notes LIKE '%' || char(10) || '%'")]
    [InlineData("SELECT count(*) FROM internships WHERE notes = ''")]
    [InlineData("SELECT count(*) FROM internships WHERE length(description) > 2000")]
    [InlineData("SELECT count(*) FROM internships WHERE contacts = '[]'")]
    [InlineData("SELECT count(*) FROM internships WHERE json_extract(contacts, '$[0].tags[2].warm') = 1")]
    [InlineData("SELECT count(*) FROM internships WHERE next_action_completed = 1")]
    [InlineData("SELECT count(*) FROM internships WHERE next_action_completed IS NULL")]
    [InlineData("SELECT max(id) > count(*) FROM internships")]
    public void Hard_values_are_present(string count)
    {
        using var db = Open(tracker.Path);
        Assert.True(Scalar(db, count) > 0, count);
    }

    [Fact]
    public void Nothing_happened_after_the_applications_last_day_or_before_it_was_created()
    {
        using var db = Open(tracker.Path);
        Assert.Equal(0, Scalar(db, "SELECT count(*) FROM internships WHERE updated_at >= '2025-07-01' OR substr(updated_at, 1, 19) < substr(created_at, 1, 19)"));
        Assert.Equal(0, Scalar(db, "SELECT count(*) FROM users WHERE password_changed_at >= '2025-07-01' OR substr(password_changed_at, 1, 19) < substr(created_at, 1, 19)"));
        Assert.True(Scalar(db, "SELECT count(*) FROM users WHERE password_changed_at IS NOT NULL") > 0);
    }

    [Fact]
    public void Wal_leaves_the_file_in_write_ahead_mode()
    {
        using var rollback = Open(Write("a.db", new TrackerOptions(Users: 1)));
        using var wal = Open(Write("b.db", new TrackerOptions(Users: 1, Wal: true)));
        Assert.Equal("delete", Text(rollback, "PRAGMA journal_mode"));
        Assert.Equal("wal", Text(wal, "PRAGMA journal_mode"));
    }

    private static bool Fits(object value, string type)
    {
        if (type is "INTEGER") return value is long;
        if (type is "BOOLEAN") return value is 0L or 1L;
        if (value is not string text) return false;
        if (type.StartsWith("VARCHAR(", StringComparison.Ordinal))
            return text.EnumerateRunes().Count() <= int.Parse(type[8..^1], CultureInfo.InvariantCulture);
        return type switch
        {
            "JSON" => ParsesAsJson(text),
            "DATE" => DateOnly.TryParseExact(text, "yyyy-MM-dd", out _),
            "DATETIME" => DateTime.TryParseExact(text, ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.ffffff"], CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
            "TEXT" => !text.Contains('\0', StringComparison.Ordinal),
            _ => false,
        };
    }

    private static bool ParsesAsJson(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
        return JsonDocument.TryParseValue(ref reader, out _);
    }

    private string Write(string name, TrackerOptions options)
    {
        var path = Path.Combine(_folder, name);
        TrackerGenerator.Write(path, options);
        return path;
    }

    private static SqliteConnection Open(string path)
    {
        var db = new SqliteConnection($"Data Source={path};Pooling=False");
        db.Open();
        return db;
    }

    private static string Columns(SqliteConnection db, string table) => string.Join(",", ColumnList(db, table).Select(c => $"{c.Name} {c.Type}"));

    private static List<(string Name, string Type)> ColumnList(SqliteConnection db, string table) =>
        Values(db, $"SELECT name || ' ' || type FROM pragma_table_info('{table}')").Select(v => ((string)v).Split(' ', 2)).Select(p => (p[0], p[1])).ToList();

    private static List<object> Values(SqliteConnection db, string sql)
    {
        using var command = db.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var values = new List<object>();
        while (reader.Read()) values.Add(reader.GetValue(0));
        return values;
    }

    private static long Scalar(SqliteConnection db, string sql) => (long)Values(db, sql)[0];

    private static string Text(SqliteConnection db, string sql) => (string)Values(db, sql)[0];
}
