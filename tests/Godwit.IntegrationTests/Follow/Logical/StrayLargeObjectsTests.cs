using Godwit.Cutover;
using Godwit.Follow.Logical;
using Godwit.IntegrationTests.Pairs;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>Large objects, of which neither a slot nor a trigger tells, are lost by no cutover and no rollback.</summary>
public sealed class StrayLargeObjectsTests(PostgresFixture postgres)
{
    private static readonly MigrationOptions s_options = PairJourneyTests.Options with { FollowMethod = FollowMethod.Slot };

    // Of a piece, of more than one, of none.
    private const string Objects = "select lo_from_bytea(1001, 'one'), lo_from_bytea(1002, convert_to(repeat('two ', 600000), 'utf8')), lo_create(1003), lo_from_bytea(1004, 'four'), lo_from_bytea(1005, 'five'); ";

    private static Task<List<string?>> ObjectsAsync(TestDatabase database) =>
        database.QueryAsync("select m.oid || ' ' || md5(lo_get(m.oid)) || ' ' || length(lo_get(m.oid)) from pg_largeobject_metadata m order by m.oid");

    private async Task<Pair> FollowedAsync()
    {
        var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(PairJourneyTests.Schema + Objects);
        await pair.MigrateAsync(s_options);
        return pair;
    }

    [Fact]
    public async Task What_is_made_changed_and_removed_goes_over_comes_back_and_goes_over_again()
    {
        await using var pair = await FollowedAsync();
        await pair.SourceAsync("""
            select lo_put(1001, 1, 'NE and longer'), lo_put(1002, 2000000, 'X'), lo_put(1003, 3000000, 'behind a gap'), lo_unlink(1005), lo_from_bytea(1006, 'six'); comment on large object 1006 is 'the sixth'; grant select on large object 1006 to public;
            begin; select lo_truncate(lo_open(1004, 131072), 2); commit
            """);
        var live = await PairLiveVerificationTests.VerifyAsync(pair);
        Assert.Equal(Verdict.NotChecked, live!.Checks.Single(c => c.Name == "large objects").Verdict);
        var found = new List<Finding>();

        await PairJourneyTests.SwitchAsync(pair, found: found.Add, options: s_options,
            on: step => { if (step.Step == "bring over large objects") pair.SourceAsync("select lo_put(1001, 0, 'late'), lo_from_bytea(1007, 'just before the fence')").GetAwaiter().GetResult(); });

        Assert.Equal(6, (await ObjectsAsync(pair.Target)).Count);
        Assert.Equal(await ObjectsAsync(pair.Source), await ObjectsAsync(pair.Target));
        Assert.Equal(["the sixth false"], await pair.Target.QueryAsync("select obj_description(1006, 'pg_largeobject') || ' ' || (lomacl is null) from pg_largeobject_metadata where oid = 1006"));
        // 1001 twice.
        Assert.Contains("7 large object(s) brought over, 1 removed", Assert.Single(found, f => f.Code == "cutover-large-objects").Problem, StringComparison.Ordinal);

        // Before version 16 a read-only session may write large objects: what comes behind the fence is not this migration's, and stays.
        await pair.SourceAsync("set default_transaction_read_only = off; select lo_from_bytea(3001, 'behind the fence')");
        await pair.TargetAsync("select lo_unlink(1001), lo_put(1004, 0, 'written there'), lo_from_bytea(1008, 'of the new side')");
        await PairJourneyTests.SwitchAsync(pair, back: true, options: s_options);
        Assert.Equal(6, (await ObjectsAsync(pair.Target)).Count);
        var source = await ObjectsAsync(pair.Source);
        Assert.Equal(await ObjectsAsync(pair.Target), source[..^1]);
        Assert.StartsWith("3001 ", source[^1], StringComparison.Ordinal);

        await pair.SourceAsync("select lo_unlink(1008), lo_unlink(1002)");
        await PairJourneyTests.SwitchAsync(pair, options: s_options);
        Assert.Equal(5, (await ObjectsAsync(pair.Target)).Count);
        Assert.Equal(await ObjectsAsync(pair.Source), await ObjectsAsync(pair.Target));
    }

    [Fact]
    public async Task The_first_one_may_be_made_just_before_the_fence()
    {
        await using var pair = await PairJourneyTests.FollowedAsync(postgres, s_options);
        await PairJourneyTests.SwitchAsync(pair, options: s_options, on: step => { if (step.Step == "make the way back") pair.SourceAsync("select lo_from_bytea(1001, 'the first')").GetAwaiter().GetResult(); });
        Assert.Equal(["the first"], await pair.Target.QueryAsync("select convert_from(lo_get(1001), 'utf8')"));
    }

    [Fact]
    public async Task What_somebody_else_made_in_the_target_is_not_touched()
    {
        await using var pair = await FollowedAsync();
        await pair.TargetAsync("select lo_from_bytea(2001, 'of the target alone'), lo_from_bytea(2002, 'another')");
        await pair.SourceAsync("select lo_from_bytea(2002, 'the source''s')");

        var refused = await Assert.ThrowsAsync<GodwitException>(() => PairJourneyTests.SwitchAsync(pair, options: s_options));
        Assert.Equal(("cutover-large-object-taken", ErrorKind.Blocked), (refused.Code, refused.Kind));
        Assert.Equal(["another"], await pair.Target.QueryAsync("select convert_from(lo_get(2002), 'utf8')"));
        // The application goes on.
        await pair.SourceAsync("insert into t (v) values ('as before'); select lo_put(1001, 0, 'E')");

        await pair.TargetAsync("select lo_unlink(2002)");
        await PairJourneyTests.SwitchAsync(pair, options: s_options);
        Assert.Equal(["of the target alone", "the source's", "Ene"], await pair.Target.QueryAsync("select convert_from(lo_get(n), 'utf8') from unnest(array[2001, 2002, 1001]) n"));
    }

    [Fact]
    public async Task A_role_that_may_not_read_pages_brings_them_too_and_names_the_one_it_may_not_read()
    {
        await using var pair = await FollowedAsync();
        var role = await pair.RoleAsync("mover", "login password 'mover'");
        await pair.SourceAsync($"grant select on large object 1001, 1002, 1003, 1004, 1005 to \"{role}\"; select lo_put(1002, 2000000, 'Y'), lo_from_bytea(1009, 'secret')");
        StreamEnd End(TestDatabase database, string side) => new(database.Settings.ToBuilder(), side, side);
        var from = End(pair.Source, "source");
        (from.Settings.Username, from.Settings.Password) = (role, "mover");
        var run = Guid.Parse((await pair.Target.QueryAsync("select id from godwit.run"))[0]!);
        var objects = new StrayLargeObjects(from, End(pair.Target, "target"), run, back: false);

        var refused = await Assert.ThrowsAsync<GodwitException>(() => objects.BringAsync(Pair.Token));
        Assert.Equal("source-no-privilege", refused.Code);
        Assert.Contains("1009", refused.Problem, StringComparison.Ordinal);

        await pair.SourceAsync($"grant select on large object 1009 to \"{role}\"");
        Assert.Equal((2, 0), await objects.BringAsync(Pair.Token));
        Assert.Equal(await ObjectsAsync(pair.Source), await ObjectsAsync(pair.Target));
        Assert.Equal((0, 0), await objects.BringAsync(Pair.Token));
    }
}
