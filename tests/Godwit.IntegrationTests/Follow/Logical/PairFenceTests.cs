using Godwit.Cutover;
using Godwit.Follow.Logical;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

public class PairFenceTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_that_may_not_be_ended_spares_no_other()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var role = $"godwit_fence_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"create role {role} login password 'plain'; create table t (id int primary key); alter table t owner to {role}; grant create on database {database.Settings.Database} to {role}");
        var open = new List<NpgsqlConnection>();
        try
        {
            var settings = database.Settings.ToBuilder();
            (settings.Username, settings.Password, settings.Pooling, settings.ApplicationName) = (role, "plain", false, "the application");
            for (var i = 0; i < 3; i++)
            {
                open.Add(await database.ConnectAsync());
                var application = new NpgsqlConnection(settings.ConnectionString);
                await application.OpenAsync(Token);
                open.Add(application);
            }
            await new PairFence(new(settings, "the source", "source"), [new("public", "t")], "this").RaiseAsync("moved", Token);
            await database.WaitForAsync("select count(*)::text from pg_stat_activity where application_name = 'the application' and datname = current_database()", "0");
        }
        finally
        {
            foreach (var connection in open) await connection.DisposeAsync();
            await database.ExecuteAsync($"drop owned by {role} cascade; drop role {role}");
        }
    }

    [Fact]
    public async Task Writers_that_hold_tables_do_not_keep_the_others_fenced()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("create table a (id int primary key); create table b (id int primary key)");
        var fence = new PairFence(new(database.Settings.ToBuilder(), "the source", "source"), [new("public", "a"), new("public", "b")], "this");
        await fence.RaiseAsync("moved", Token);
        await fence.AdmitAsync(Token);
        await using var holder = await database.ConnectAsync();
        await using (var hold = new NpgsqlCommand("begin; lock table b in row exclusive mode", holder)) await hold.ExecuteNonQueryAsync(Token);

        var lowering = fence.LowerAsync(Token);
        await database.WaitForAsync("select (count(*) > 0)::text from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'", "true");

        // It goes on with the other table, and no lock of Godwit's waits for the end of this.
        await using (var write = new NpgsqlCommand("insert into b values (1); insert into a values (1); commit", holder)) await write.ExecuteNonQueryAsync(Token);
        await lowering;
        Assert.False(await fence.IsRaisedAsync(Token));
    }

    [Fact]
    public async Task Who_holds_the_lock_of_a_vacuum_does_not_hold_the_fence_up()
    {
        await using var database = await postgres.CreateDatabaseAsync();
        await database.ExecuteAsync("create table t (id int primary key)");
        await using var holder = await database.ConnectAsync();
        await using (var hold = new NpgsqlCommand("begin; lock table t in share update exclusive mode", holder)) await hold.ExecuteNonQueryAsync(Token);
        Assert.Equal(1, await new PairFence(new(database.Settings.ToBuilder(), "the source", "source"), [new("public", "t")], "this").RaiseAsync("moved", Token));
    }
}
