using System.Collections.Frozen;
using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;
using Xunit;

namespace Godwit.Tests.Plan;

/// <summary>A source's own statements become steps; what the target lacks is said before anything is changed.</summary>
public class StatementPlannerTests
{
    private static readonly TargetInventory Empty = new()
    {
        VersionNumber = 150000, Role = "me", IsSuperuser = true, Roles = FrozenSet.Create("me", "app"), Schemas = FrozenSet.Create("public"), AccessMethods = FrozenSet.Create("heap"), Tablespaces = FrozenSet.Create("pg_default"),
        Available = ImmutableDictionary<string, string>.Empty.Add("citext", "1.6"),
    };

    [Fact]
    public void What_blocks_is_known_beforehand()
    {
        var plan = Plan(Empty with { Relations = FrozenSet.Create("public.t") },
            new("EXTENSION vector", "EXTENSION", null, "vector", null, "CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;", DumpSection.PreData),
            new("EXTENSION citext", "EXTENSION", null, "citext", null, "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;", DumpSection.PreData),
            new("TABLE public.t", "TABLE", "public", "t", "app", "CREATE TABLE public.t (a integer);", DumpSection.PreData));
        var blocks = plan.Findings.Where(f => f.Severity == Severity.Block).ToList();
        Assert.Equal(["extension-missing", "target-not-empty"], blocks.Select(f => f.Code));
        Assert.Contains("postgresql-15-pgvector", blocks[0].Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void An_older_target_and_a_subscription_are_warned_of()
    {
        var plan = Plan(Empty with { VersionNumber = 140000 }, new SchemaStatement("SUBSCRIPTION s", "SUBSCRIPTION", null, "s", "me", "CREATE SUBSCRIPTION s ...;", DumpSection.PostData));
        Assert.Equal(["subscription-left-out", "target-older-than-source"], plan.Findings.Select(f => f.Code).Order(StringComparer.Ordinal));
        Assert.Empty(plan.PostData);
    }

    [Fact]
    public void Owners_and_rights_are_those_that_the_target_has()
    {
        var plan = Plan(Empty,
            new("TABLE public.t", "TABLE", "public", "t", "app", "CREATE TABLE public.t (a integer);", DumpSection.PreData) { OwnedObject = "TABLE public.t" },
            new("TABLE public.u", "TABLE", "public", "u", "gone", "CREATE TABLE public.u (a integer);", DumpSection.PreData) { OwnedObject = "TABLE public.u" },
            new("ACL public.TABLE t", "ACL", "public", "TABLE t", "app", "REVOKE ALL ON TABLE public.t FROM gone;\nGRANT SELECT ON TABLE public.t TO app WITH GRANT OPTION;\nGRANT ALL ON TABLE public.t TO \"also gone\";", DumpSection.Rights));
        Assert.EndsWith("ALTER TABLE public.t OWNER TO app;", plan.PreData[0].Sql, StringComparison.Ordinal);
        Assert.DoesNotContain("OWNER", plan.PreData[1].Sql, StringComparison.Ordinal);
        Assert.Equal("GRANT SELECT ON TABLE public.t TO app WITH GRANT OPTION;", Assert.Single(plan.PostData, s => s.Kind == StepKind.Grant).Sql);
        Assert.Equal(["ROLE also gone", "ROLE gone", "ROLE gone"], plan.Findings.Where(f => f.Code == "role-missing").Select(f => f.Subject).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_access_method_that_the_plan_itself_makes_is_not_missing()
    {
        var plan = Plan(Empty,
            new("ACCESS METHOD columns", "ACCESS METHOD", null, "columns", null, "CREATE ACCESS METHOD columns TYPE TABLE HANDLER heap_tableam_handler;", DumpSection.PreData),
            new("TABLE public.t", "TABLE", "public", "t", "app", "CREATE TABLE public.t (a integer);", DumpSection.PreData) { AccessMethod = "columns" },
            new("TABLE public.u", "TABLE", "public", "u", "app", "CREATE TABLE public.u (a integer);", DumpSection.PreData) { AccessMethod = "other" });
        Assert.Equal(["TABLE public.u"], plan.Findings.Where(f => f.Code == "access-method-missing").Select(f => f.Subject));
    }

    [Fact]
    public void A_plan_survives_its_journal()
    {
        var plan = Plan(Empty, new SchemaStatement("TABLE public.t", "TABLE", "public", "t", "app", "CREATE TABLE public.t (a integer);", DumpSection.PreData) { Drop = "DROP TABLE public.t;" });
        Assert.Equal(PlanJson.Write(plan), PlanJson.Write(PlanJson.Read(PlanJson.Write(plan))));
        Assert.True(plan.InPlace);
        Assert.Equal("DROP TABLE IF EXISTS public.t CASCADE", StatementRemoval.Cascade(plan.PreData[0].Undo!));
        Assert.Null(StatementRemoval.Cascade("DROP SCHEMA app;"));
    }

    private static MigrationPlan Plan(TargetInventory target, params SchemaStatement[] statements) => Planner.Plan(new()
    {
        Source = "postgres://a@b/c",
        Position = new("1:1:"),
        Schema = new() { Name = "c", Postgres = new() { VersionNumber = 150000, Version = "15", Database = "c", Role = "r", BypassesRowSecurity = true, Encoding = "UTF8", Statements = [.. statements] } },
        Profiles = ImmutableDictionary<string, TableProfile>.Empty,
        Translator = null!,
        TargetMajor = 15,
        Options = new(),
        Inventory = target,
    });
}
