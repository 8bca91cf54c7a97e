using Godwit.Target;
using Npgsql;
using Xunit;

namespace Godwit.Tests.Target;

public sealed class ConnectionSettingsTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("godwit-connection-");
    private readonly Dictionary<string, string> _environment = [];

    public ConnectionSettingsTests() => _environment["HOME"] = _home.FullName;

    public void Dispose() => _home.Delete(recursive: true);

    [Theory]
    [InlineData("postgres://ann@db.example:6543/shop", "db.example", 6543, "ann", "shop", null)]
    [InlineData("postgresql://ann:secret@db.example/shop", "db.example", 5432, "ann", "shop", "secret")]
    [InlineData("postgres://a%40b:p%3Aw%2F%25@h/d%20b", "h", 5432, "a@b", "d b", "p:w/%")]
    [InlineData("postgres://ann:p@ss@h/d", "h", 5432, "ann", "d", "p@ss")]
    [InlineData("postgres://ann:a:b@h/d", "h", 5432, "ann", "d", "a:b")]
    [InlineData("postgres://ann@[::1]:7777/d", "::1", 7777, "ann", "d", null)]
    [InlineData("postgres://ann@[fe80::1]/d", "fe80::1", 5432, "ann", "d", null)]
    [InlineData("postgres://ann@h", "h", 5432, "ann", "ann", null)]
    [InlineData("postgres://h/d?user=bob&password=x%26y&port=99", "h", 99, "bob", "d", "x&y")]
    [InlineData("postgres:///d?host=/run/pg&user=ann", "/run/pg", 5432, "ann", "d", null)]
    [InlineData("postgres://ann@%2Frun%2Fpg/d", "/run/pg", 5432, "ann", "d", null)]
    [InlineData("host=h port=1 user=u dbname=d password=p", "h", 1, "u", "d", "p")]
    [InlineData("  host = h   dbname='my db' user=u password='it\\'s \\\\ here' ", "h", 5432, "u", "my db", "it's \\ here")]
    [InlineData("host=h user=u dbname=d password=a;b=c", "h", 5432, "u", "d", "a;b=c")]
    [InlineData("Host=h;Port=2;Username=u;Password=p w;Database=d", "h", 2, "u", "d", "p w")]
    [InlineData("Server=h;User Id=u;Password='a;b';Database=d", "h", 5432, "u", "d", "a;b")]
    public void Every_form_is_read(string text, string host, int port, string user, string database, string? password)
    {
        var settings = Parse(text);

        Assert.Equal((host, port, user, database, password), (settings.Host, settings.Port, settings.User, settings.Database, settings.Password));
        var npgsql = settings.ToBuilder();
        Assert.Equal((host, port, user, database, password), (npgsql.Host, npgsql.Port, npgsql.Username, npgsql.Database, npgsql.Password));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("mysql://u@h/d")]
    [InlineData("postgres://u:p%zz@h/d")]
    [InlineData("postgres://u:p%@h/d")]
    [InlineData("postgres://u:hunter2/x@h/d")]
    [InlineData("postgres://u@h:port/d")]
    [InlineData("postgres://u@h:0/d")]
    [InlineData("postgres://u@h:70000/d")]
    [InlineData("postgres://u@::1/d")]
    [InlineData("postgres://u@[::1/d")]
    [InlineData("postgres://u@a,b/d")]
    [InlineData("postgres://u@h/d?sslmode=sometimes")]
    [InlineData("postgres://u@h/d?schema=public")]
    [InlineData("postgres://u@h/d?sslmode")]
    [InlineData("postgres://u@h/d%00")]
    [InlineData("host=a,b dbname=d")]
    [InlineData("host=h dbname")]
    [InlineData("host=h password='open")]
    [InlineData("host=h colour=red")]
    [InlineData("Host=h;Colour=red")]
    [InlineData("host=h connect_timeout=soon")]
    public void What_is_malformed_is_a_usage_error(string text)
    {
        var error = Assert.Throws<GodwitException>(() => Parse(text));

        Assert.Equal((ErrorKind.Usage, "connection-string-invalid"), (error.Kind, error.Code));
        Assert.NotNull(error.Hint);
        Assert.DoesNotContain("hunter2", error.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, SslMode.Prefer)]
    [InlineData("disable", SslMode.Disable)]
    [InlineData("allow", SslMode.Allow)]
    [InlineData("prefer", SslMode.Prefer)]
    [InlineData("require", SslMode.Require)]
    [InlineData("verify-ca", SslMode.VerifyCA)]
    [InlineData("verify-full", SslMode.VerifyFull)]
    [InlineData("require&sslrootcert=/tmp/ca.pem", SslMode.VerifyCA)]
    [InlineData("require&sslrootcert=system", SslMode.VerifyFull)]
    public void Sslmode_means_what_it_means_to_libpq(string? mode, SslMode expected) =>
        Assert.Equal(expected, Parse("postgres://u@h/d" + (mode is null ? "" : "?sslmode=" + mode)).ToBuilder().SslMode);

    [Fact]
    public void The_string_wins_over_the_service_over_the_environment_over_defaults()
    {
        Write(".pg_service.conf", "[other]\nhost=wrong\n# note\n[shop]\nhost=from-service\nport=1111\ndbname=from-service\n");
        _environment["PGSERVICE"] = "shop";
        _environment["PGPORT"] = "2222";
        _environment["PGUSER"] = "from-environment";
        _environment["PGSSLMODE"] = "require";

        var settings = Parse("dbname=from-string");

        Assert.Equal(("from-service", 1111, "from-environment", "from-string"), (settings.Host, settings.Port, settings.User, settings.Database));
        Assert.Equal(SslMode.Require, settings.ToBuilder().SslMode);
        var origins = settings.Values.ToDictionary(v => v.Name, v => v.Origin);
        Assert.Equal("argument", origins["dbname"]);
        Assert.Equal("PGUSER", origins["user"]);
        Assert.Equal("PGSSLMODE", origins["sslmode"]);
        Assert.StartsWith("service shop in ", origins["port"], StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_service_is_a_usage_error()
    {
        Write(".pg_service.conf", "[other]\nhost=x\n");

        Assert.Equal("connection-string-invalid", Assert.Throws<GodwitException>(() => Parse("service=shop")).Code);
    }

    [Fact]
    public void The_service_file_can_be_named()
    {
        _environment["PGSERVICEFILE"] = Write("elsewhere.conf", "[shop]\nhost=named\n");

        Assert.Equal("named", Parse("postgres://?service=shop").Host);
    }

    [Theory]
    [InlineData("h:5432:d:u:first\nh:5432:d:u:second\n", "first")]
    [InlineData("# h:5432:d:u:comment\n*:*:*:u:star\n", "star")]
    [InlineData("h:5433:d:u:port\nx:*:*:*:host\nh:5432:e:u:database\nh:5432:d:v:user\n", null)]
    [InlineData("h:5432:d:u:with\\:colon\\\\and slash", "with:colon\\and slash")]
    [InlineData("h:5432:d:u", null)]
    public void The_password_file_is_matched_line_by_line(string text, string? expected)
    {
        Write(".pgpass", text);

        Assert.Equal(expected, Parse("postgres://u@h/d").Password);
    }

    [Fact]
    public void The_password_file_comes_last_and_is_named_as_origin()
    {
        var file = Write(".pgpass", "*:*:*:*:from-file");

        Assert.Equal(file, Parse("postgres://u@h/d").Values.Single(v => v.Name == "password").Origin);
        _environment["PGPASSWORD"] = "from-environment";
        Assert.Equal("from-environment", Parse("postgres://u@h/d").Password);
        Assert.Equal("from-string", Parse("postgres://u:from-string@h/d").Password);
    }

    [Fact]
    public void A_password_file_that_others_can_read_is_refused_and_said_so()
    {
        var file = Write(".pgpass", "*:*:*:*:secret");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        var settings = Parse("postgres://u@h/d");

        Assert.Null(settings.Password);
        Assert.Equal("password-file-ignored", Assert.Single(settings.Findings).Code);
    }

    [Fact]
    public void A_socket_of_the_usual_folder_matches_localhost_in_the_password_file()
    {
        _environment["PGPASSFILE"] = Write("passwords", "localhost:5432:d:u:socket");

        Assert.Equal("socket", Parse("host=/var/run/postgresql user=u dbname=d").Password);
        Assert.Null(Parse("host=/other user=u dbname=d").Password);
    }

    [Fact]
    public void Nothing_shown_holds_a_password()
    {
        var settings = Parse("postgres://ann:hunter2@h/d?sslmode=require");

        Assert.Equal("postgres://ann@h:5432/d", settings.Display);
        Assert.Equal("postgres://ann:hunter2@h:5432/d", settings.DisplayWithPassword);
        Assert.DoesNotContain("hunter2", $"{settings}{string.Join("", settings.Values)}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://a%20b:c%2Fd@h:1/x%3Fy")]
    [InlineData("postgres://u:p@[::1]:5432/d")]
    [InlineData("postgres://u:p@/d?host=/run/pg&port=5433")]
    public void What_is_displayed_reads_back_the_same(string url) =>
        Assert.Equal(url, Parse(url).DisplayWithPassword);

    [Theory]
    [InlineData("postgres://h/d", true)]
    [InlineData("PostgreSQL://h/d", true)]
    [InlineData("host=h dbname=d", true)]
    [InlineData("Server=h;Database=d", true)]
    [InlineData("app.db", false)]
    [InlineData("sqlite:app.db?mode=ro", false)]
    [InlineData("/data/a=b.db", false)]
    public void Postgres_is_told_from_a_file(string text, bool expected) => Assert.Equal(expected, ConnectionSettings.IsPostgres(text));

    private string? Look(string name) => _environment.GetValueOrDefault(name);

    private ConnectionSettings Parse(string text) => ConnectionSettings.Parse(text, Look);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_home.FullName, name);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
