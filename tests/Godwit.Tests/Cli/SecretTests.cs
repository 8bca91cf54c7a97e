using Godwit.Cli;
using Xunit;

namespace Godwit.Tests.Cli;

public class SecretTests
{
    private const string Secret = "hunter2-Sësame";

    public static IEnumerable<object[]> Commands()
    {
        string[][] commands =
        [
            ["config", "show"],
            ["config", "show", "--json"],
            ["migrate", "app.db", $"postgres://me:{Secret}@db/app", "--verbose"],
            ["migrate", "app.db", $"postgres://me:{Secret}@db/app", "--json"],
            ["migrate", "app.db", $"host=db password={Secret} dbname=app", "--if-exists", "replace"],
            ["migrate", "app.db", $"host=db password='{Secret} x' dbname=app", $"postgres://me:{Secret}@other/app"],
            ["check", "app.db", $"Host=db;Username=me;Password={Secret}", "--html", "check.html", "--log", "log.jsonl"],
            ["migrat", $"postgres://me:{Secret}@db/app"],
            ["status"],
        ];
        return commands.Select(c => new object[] { c });
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task No_output_holds_a_secret(string[] args)
    {
        var setup = new CliSetup
        {
            Environment = { ["PGPASSWORD"] = Secret, ["DATABASE_URL"] = $"postgres://me:{Uri.EscapeDataString(Secret)}@db/app" },
            Files = { [".env"] = $"POSTGRES_PASSWORD={Secret}\nAPI_TOKEN={Secret}\n", ["godwit.yaml"] = $"target: postgres://me:{Secret}@db/app\n" },
            // A server's own words may repeat what it was sent.
            Backend = { TargetFails = new(ErrorKind.TargetFatal, "target-auth-failed", $"no entry for 'me' with '{Secret}'", $"not {Secret}", new InvalidOperationException(Secret)) },
        };
        var run = await setup.RunAsync(args);
        Assert.NotEmpty(run.All);
        Assert.DoesNotContain("hunter2", run.All, StringComparison.Ordinal);
        foreach (var file in new[] { "check.html", "log.jsonl" })
            if (File.Exists(Path.Combine(setup.Folder, file))) Assert.DoesNotContain("hunter2", setup.Read(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://me:pw@h/db", "postgres://me:***@h/db")]
    [InlineData("postgres://me:p@w/x@h:5432/db?sslmode=require", "postgres://me:***@h:5432/db?sslmode=require")]
    [InlineData("postgres://me@h/db", "postgres://me@h/db")]
    [InlineData("postgres://h/db?user=me&password=pw&sslmode=require", "postgres://h/db?user=me&password=***&sslmode=require")]
    [InlineData("host=h password = 'p w' user=me", "host=h password = *** user=me")]
    [InlineData("Host=h;Password=pw;Username=me", "Host=h;Password=***;Username=me")]
    [InlineData("error at postgres://a:b@c/d, then postgres://e:f@g/h", "error at postgres://a:***@c/d, then postgres://e:***@g/h")]
    [InlineData("sqlite:///app.db", "sqlite:///app.db")]
    public void A_password_is_masked_by_its_place(string text, string masked) => Assert.Equal(masked, SecretMask.OfConnection(text));
}
