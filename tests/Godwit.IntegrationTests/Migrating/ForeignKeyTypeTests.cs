using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

public class ForeignKeyTypeTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("timestamp", "'2023-02-28 00:00:00'", "numeric", "2.5")]
    [InlineData("uuid", "'6f9619ff-8b86-d011-b42d-00c04fc964ff'", "text", "'other'")]
    [InlineData("integer", "5", "text", "'five'")]
    [InlineData("date", "'2023-02-28'", "integer", "7")]
    [InlineData("blob", "x'00'", "integer", "7")]
    public async Task A_child_whose_values_do_not_fit_the_parents_type_keeps_its_rows(string parentType, string parentValue, string childType, string childValue)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, $"""
            create table parent (k {parentType} primary key); insert into parent values ({parentValue});
            create table child (id integer primary key, p {childType} references parent (k)); insert into child values (1, {childValue});
            """);

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, Assert.Single(result.Verification!.Tables, t => t.Table == "child").Verdict);
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from child where p is not null"));
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from pg_constraint where contype = 'f' and conrelid = 'child'::regclass"));
        Assert.DoesNotContain(result.Findings, f => f.Code == "rows-quarantined");
        Assert.Contains(result.Findings, f => f.Code is "foreign-key-not-possible" or "step-refused" && f.Subject.Contains("child", StringComparison.Ordinal));
    }
}
