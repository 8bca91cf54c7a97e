using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Supabase.Rls;
using Xunit;

namespace Godwit.Tests.Rls;

public sealed class RlsPlannerTests
{
    private static readonly RlsColumn s_id = new("id", "bigint", true, false, false, false);

    internal static RlsRelation Table(string name, params string[] columns) => new()
    {
        Name = new SqlName("public", name),
        Kind = 'r',
        Owner = "app",
        Columns = [s_id, .. columns.Select(c => new RlsColumn(c, c.EndsWith("_id", StringComparison.Ordinal) ? "bigint" : "text", true, false, false, !c.EndsWith("_id", StringComparison.Ordinal)))],
        PrimaryKey = ["id"],
        IndexedFirst = ["id"],
        ForeignKeys = [.. columns.Where(c => c.EndsWith("_id", StringComparison.Ordinal)).Select(c => new RlsForeignKey([c], c == "post_id" ? "posts" : "users", ["id"]))],
    };

    internal static RlsFacts Facts(params RlsRelation[] relations) =>
        new() { Schema = "public", Relations = [.. relations], Roles = ["anon", "authenticated", "service_role"], HasAuthUid = true, CurrentUser = "app", DefinerFunctions = [], VersionNumber = 150000 };

    private static RlsPlan Plan(RlsOptions options, params RlsRelation[] relations) => new RlsPlanner(Facts(relations), options).Plan();

    [Fact]
    public void Rights_are_revoked_before_any_is_granted()
    {
        var steps = Plan(new(), Table("users", "email", "password_hash"), Table("posts", "user_id")).Steps.Where(s => s.Subject == "public.posts").Select(s => s.Sql).ToList();
        Assert.True(steps.FindIndex(s => s.StartsWith("REVOKE ALL", StringComparison.Ordinal)) < steps.FindIndex(s => s.StartsWith("GRANT", StringComparison.Ordinal)));
        Assert.True(steps.FindIndex(s => s.Contains("ENABLE ROW LEVEL SECURITY", StringComparison.Ordinal)) < steps.FindIndex(s => s.StartsWith("GRANT", StringComparison.Ordinal)));
        Assert.Contains("CREATE INDEX IF NOT EXISTS posts_user_id_rls ON public.posts (user_id)", steps);
    }

    [Fact]
    public void Secrets_are_granted_to_nobody_and_the_policy_s_function_is_asked_once()
    {
        var plan = Plan(new(), Table("users", "email", "password_hash"), Table("posts", "user_id"), Table("comments", "post_id"));
        var sql = plan.Steps.Select(s => s.Sql).ToList();
        Assert.Contains("GRANT SELECT (id, email, auth_id), UPDATE (email) ON public.users TO authenticated", sql);
        Assert.Contains("CREATE POLICY godwit_select ON public.posts FOR SELECT TO authenticated USING (user_id = (SELECT private.current_user_id()))", sql);
        Assert.Contains("CREATE POLICY godwit_delete ON public.comments FOR DELETE TO authenticated USING (post_id IN (SELECT p1.id FROM public.posts p1 WHERE p1.user_id = (SELECT private.current_user_id())))", sql);
        Assert.Equal("NOTIFY pgrst, 'reload schema'", sql[^1]);
    }

    [Theory]
    [InlineData("users")]
    [InlineData("accounts")]
    [InlineData("auth_user")]
    [InlineData("shop_users")]
    public void The_users_table_is_found_by_its_name_and_columns(string name) =>
        Assert.Equal(name, Plan(new(), Table("a_first", "title"), Table(name, "email", "password")).Users.Name.Name);

    [Fact]
    public void Where_no_table_looks_like_the_users_one_must_be_named()
    {
        Assert.Equal("rls-users-unknown", Assert.Throws<GodwitException>(() => Plan(new(), Table("things", "title"))).Code);
        Assert.Equal("things", Plan(new() { UsersTable = "things" }, Table("things", "title")).Users.Name.Name);
    }

    [Fact]
    public void What_the_user_says_stands_above_what_was_found()
    {
        var plan = Plan(new() { Owners = [new("posts", ["writer_id"])], Shared = ["tags"] }, Table("users", "email"), Table("posts", "user_id", "writer_id"), Table("tags", "word"));
        Assert.Equal(["writer_id"], ((Ownership.Direct)plan.Tables[1].Ownership).Columns);
        Assert.Equal(Reach.All, plan.Promises.Single(p => p is { Table: "tags", Role: RlsRole.UserA, Action: RlsAction.Select }).Reach);
        Assert.Equal(Reach.None, plan.Promises.Single(p => p is { Table: "tags", Role: RlsRole.UserA, Action: RlsAction.Update }).Reach);
        Assert.Equal("rls-table-unknown", Assert.Throws<GodwitException>(() => Plan(new() { Owners = [new("posts", ["nobody"])] }, Table("users", "email"), Table("posts", "user_id"))).Code);
    }

    [Fact]
    public void A_long_name_makes_an_index_that_postgres_can_hold()
    {
        var name = new string('t', 60);
        var index = Plan(new(), Table("users", "email"), Table(name, "user_id")).Steps.Single(s => s.Sql.StartsWith("CREATE INDEX", StringComparison.Ordinal)).Sql;
        Assert.True(index.Split(' ')[5].Length <= 63, index);
    }

    [Fact]
    public void Policies_of_others_are_named_and_not_dropped()
    {
        var plan = Plan(new(), Table("users", "email"), Table("posts", "user_id") with { Policies = ["theirs", "godwit_select"] });
        Assert.Contains(plan.Findings, f => f.Code == "rls-policies-exist" && f.Problem.Contains("theirs", StringComparison.Ordinal));
        Assert.DoesNotContain(plan.Steps, s => s.Sql.Contains("theirs", StringComparison.Ordinal));
        Assert.Contains(plan.Steps, s => s.Sql == "DROP POLICY godwit_select ON public.posts");
    }
}
