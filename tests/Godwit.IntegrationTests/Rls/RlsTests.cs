using Godwit.IntegrationTests.Migrating;
using Godwit.Samples.InternshipTracker;
using Godwit.Supabase.Rls;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Rls;

/// <summary>Policies that follow from foreign keys, applied and asked of a real server.</summary>
public sealed class RlsTests(PostgresFixture postgres)
{
    [Fact]
    public async Task The_tracker_s_matrix_is_as_planned_and_applying_twice_changes_nothing()
    {
        await using var migrated = await Scenario.CreateAsync(postgres, "select 1");
        File.Delete(migrated.File);
        TrackerGenerator.Write(migrated.File, new TrackerOptions(Users: 60));
        await migrated.MigrateAsync();
        var scenario = new RlsScenario(migrated.Database);
        var options = new RlsOptions { AuthShim = true };
        for (var time = 0; time < 2; time++)
        {
            await scenario.ApplyAsync(options);
            var matrix = await scenario.TestAsync(options);
            Assert.Empty(RlsScenario.Wrong(matrix));
            Assert.Empty(RlsScenario.Open(matrix));
            // Three tables, four commands of five roles, and giving away of two tables by two users.
            Assert.Equal(3 * 4 * 5 + 2 * 2, matrix.Cells.Length);
        }
        Assert.Equal(["applied", "tested", "applied", "tested"], await migrated.Database.QueryAsync("SELECT what FROM godwit.rls ORDER BY id"));
        Assert.Equal(["0"], await migrated.Database.QueryAsync("SELECT count(auth_id) FROM users"));
    }

    [Fact]
    public async Task Ownership_is_found_directly_through_parents_and_of_several_users()
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        var plan = await scenario.PlanAsync();
        Ownership Of(string table) => plan.Tables.Single(t => t.Relation.Name.Name == table).Ownership;
        Assert.Equal("users", plan.Users.Name.Name);
        Assert.IsType<Ownership.Self>(Of("users"));
        Assert.Equal(["author_id"], Assert.IsType<Ownership.Direct>(Of("posts")).Columns);
        Assert.Equal("posts", Assert.IsType<Ownership.Through>(Of("comments")).Parent.Name.Name);
        Assert.IsType<Ownership.Through>(Assert.IsType<Ownership.Through>(Of("likes")).ParentOwnership);
        Assert.Equal(["user_id", "friend_id"], Assert.IsType<Ownership.Direct>(Of("friendships")).Columns);
        Assert.IsType<Ownership.Shared>(Of("tags"));
        Assert.IsType<Ownership.Closed>(Of("settings"));
        Assert.Contains(plan.Findings, f => f.Code == "rls-closed-table" && f.Subject == "public.settings");
        Assert.Contains(plan.Findings, f => f.Code == "rls-several-owners");
    }

    [Fact]
    public async Task Every_kind_of_ownership_holds_when_asked()
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        await scenario.ApplyAsync();
        var matrix = await scenario.TestAsync();
        Assert.Empty(RlsScenario.Wrong(matrix));
        Assert.Empty(RlsScenario.Open(matrix));
        Assert.Equal("3", await scenario.AskAsync(1, "SELECT count(*) FROM likes"));
        Assert.Equal("2", await scenario.AskAsync(1, "SELECT count(*) FROM friendships"));
        // A view shows what the policies of its tables let through, where the server can do that.
        if (await scenario.Database.QueryAsync("SELECT current_setting('server_version_num')::int >= 150000") is ["t"]) Assert.Equal("3", await scenario.AskAsync(1, "SELECT count(*) FROM titles"));
    }

    [Theory]
    [InlineData("ALTER TABLE posts DISABLE ROW LEVEL SECURITY", "posts Select UserA: All, planned Own")]
    [InlineData("CREATE POLICY extra ON posts FOR SELECT TO authenticated USING (true)", "posts Select UserB: All, planned Own")]
    [InlineData("GRANT SELECT ON users TO anon; CREATE POLICY extra ON users TO anon USING (true)", "users Select Anon: All, planned None")]
    [InlineData("DROP POLICY godwit_delete ON comments", "comments Delete UserA: None, planned Own")]
    [InlineData("ALTER POLICY godwit_update ON posts WITH CHECK (true); CREATE POLICY extra ON posts FOR SELECT TO authenticated USING (true)", "posts GiveAway UserA: Own, planned None")]
    [InlineData("ALTER POLICY godwit_insert ON posts WITH CHECK (true)", "posts Insert UserA: All, planned Own")]
    [InlineData("REVOKE ALL ON tags FROM service_role", "tags Select ServiceRole: None, planned All")]
    public async Task A_hole_is_found(string change, string expected)
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        await scenario.ApplyAsync();
        await scenario.Database.ExecuteAsync(change);
        Assert.Contains(expected, RlsScenario.Wrong(await scenario.TestAsync()));
    }

    [Theory]
    [InlineData("SELECT password_hash FROM users")]
    [InlineData("SELECT * FROM users")]
    [InlineData("SELECT access_token FROM comments")]
    [InlineData("UPDATE users SET role = 'admin'")]
    [InlineData("UPDATE users SET auth_id = NULL")]
    [InlineData("UPDATE users SET password_hash = 'x'")]
    [InlineData("SELECT * FROM settings")]
    public async Task What_nobody_may_touch_is_refused(string sql)
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        await scenario.ApplyAsync();
        Assert.Equal("1", await scenario.AskAsync(1, "WITH changed AS (UPDATE users SET name = 'other' RETURNING 1) SELECT count(*) FROM changed"));
        var refused = await Assert.ThrowsAsync<PostgresException>(() => scenario.AskAsync(1, sql));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Fact]
    public async Task Testing_leaves_no_trace_but_its_record()
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        await scenario.ApplyAsync();
        const string Content = "SELECT string_agg(t::text, ';' ORDER BY t::text) FROM (SELECT u::text FROM users u UNION ALL SELECT p::text FROM posts p UNION ALL SELECT f::text FROM friendships f UNION ALL SELECT l::text FROM likes l) t (t)";
        var before = await scenario.Database.QueryAsync(Content);
        await scenario.TestAsync();
        Assert.Equal(before, await scenario.Database.QueryAsync(Content));
        Assert.Equal(["1"], await scenario.Database.QueryAsync("SELECT count(*) FROM godwit.rls WHERE what = 'tested' AND document::jsonb -> 'cells' @> '[{\"table\": \"posts\", \"found\": \"Own\"}]'"));
    }

    [Fact]
    public async Task The_printed_sql_does_the_same_as_apply()
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        await scenario.Database.ExecuteAsync(RlsText.Write(await scenario.PlanAsync(), "a database"));
        Assert.Empty(RlsScenario.Wrong(await scenario.TestAsync()));
    }

    [Fact]
    public async Task A_plan_that_fails_half_way_leaves_nothing()
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        var plan = await scenario.PlanAsync();
        await scenario.Database.ExecuteAsync("DROP TABLE tags");
        await using var target = await scenario.Database.OpenTargetAsync(2);
        await using var connection = await target.ConnectAsync(RlsScenario.Token);
        var failed = await Assert.ThrowsAsync<GodwitException>(() => RlsApplier.ApplyAsync(connection, plan, RlsScenario.Token));
        Assert.Equal("42P01", failed.SqlState);
        Assert.Equal(["0"], await scenario.Database.QueryAsync("SELECT count(*) FROM pg_policy"));
        Assert.Equal(["f"], await scenario.Database.QueryAsync("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname IN ('private', 'auth'))"));
    }

    [Fact]
    public async Task A_forced_owner_without_bypass_is_held_to_the_policies()
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        var owner = $"rls_owner_{Guid.NewGuid():N}";
        await scenario.Database.ExecuteAsync($"CREATE ROLE {owner}; GRANT USAGE ON SCHEMA public TO {owner}; ALTER TABLE posts OWNER TO {owner}; ALTER TABLE settings OWNER TO {owner}");
        try
        {
            var options = new RlsOptions { AuthShim = true, Force = true };
            await scenario.ApplyAsync(options);
            var matrix = await scenario.TestAsync(options);
            Assert.Empty(RlsScenario.Wrong(matrix));
            Assert.Equal(Reach.None, matrix.Cells.Single(c => c.Table == "posts" && c.Role == RlsRole.Owner && c.Action == RlsAction.Select).Found);
            Assert.Equal(Reach.All, matrix.Cells.Single(c => c.Table == "tags" && c.Role == RlsRole.Owner && c.Action == RlsAction.Select).Found);
        }
        finally
        {
            await scenario.Database.ExecuteAsync($"REASSIGN OWNED BY {owner} TO CURRENT_USER; DROP OWNED BY {owner}; DROP ROLE {owner}");
        }
    }

    [Fact]
    public async Task Without_the_platform_s_roles_or_a_schema_the_error_says_what_to_do()
    {
        await using var scenario = await RlsScenario.CreateAsync(postgres);
        var blocked = await Assert.ThrowsAsync<GodwitException>(() => scenario.ApplyAsync(new RlsOptions()));
        Assert.Equal("rls-auth-missing", blocked.Code);
        Assert.Equal("rls-not-applied", (await Assert.ThrowsAsync<GodwitException>(() => scenario.TestAsync())).Code);
        Assert.Equal("rls-schema-missing", (await Assert.ThrowsAsync<GodwitException>(() => scenario.PlanAsync(new RlsOptions { Schema = "nowhere" }))).Code);
        Assert.Equal("rls-table-unknown", (await Assert.ThrowsAsync<GodwitException>(() => scenario.PlanAsync(new RlsOptions { Shared = ["nothing"] }))).Code);
    }
}
