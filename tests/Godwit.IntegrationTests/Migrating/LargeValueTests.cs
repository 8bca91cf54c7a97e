using Godwit.IntegrationTests.Crash;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

public class LargeValueTests(PostgresFixture postgres)
{
    /// <summary>Six times the largest value: what docs/how-to/speed.md promises, and a sixth for the program itself.</summary>
    private const int HeapLimit = 600_000_000;

    [Fact]
    public async Task A_value_of_100_MB_arrives_and_is_verified_within_a_stated_bound_of_memory()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, """
            create table t (id integer primary key, b blob, s text);
            insert into t values (1, zeroblob(100000000), null), (2, x'00', hex(zeroblob(20000000)));
            """);

        var (code, said) = await GodwitProcess.RunAsync(scenario, ["migrate"], launcher: ["env", $"DOTNET_GCHeapHardLimit={HeapLimit:X}"]);

        Assert.True(code == 0, said);
        Assert.Equal("100000000 40000000", await scenario.AskAsync<string>("select string_agg(greatest(length(b), length(s))::text, ' ' order by id) from t"));
    }
}
