using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>Every kind of change arrives as it was, from one PostgreSQL to another.</summary>
public sealed class StreamApplyTests(PostgresFixture postgres)
{
    public const string Schema = """
        create type mood as enum ('ok', 'bad');
        create table t (id int primary key, u text unique, body text, n numeric, m mood, big int generated always as (id * 2) stored);
        alter table t alter body set storage external;
        create table pair (a text, b int, v timestamptz default '2020-01-01', primary key (a, b));
        create table ident (k text primary key, id bigint generated always as identity, v text);
        create table bykey (id int not null, other text not null, v text); create unique index bykey_other on bykey (other); alter table bykey replica identity using index bykey_other;
        create table whole (id int primary key, v text, body text); alter table whole replica identity full; alter table whole alter body set storage external;
        create table nokey (v text, j json, f float8);
        create table part (id int, k int, v text, primary key (id, k)) partition by list (k);
        create table part_1 partition of part for values in (1); create table part_2 partition of part for values in (2); create table part_rest partition of part default;
        """;

    public const string Rows = """
        insert into t select i, 'u' || i, repeat('x', 3000), i / 3.0, 'ok' from generate_series(1, 20) i;
        insert into pair (a, b) select 'a' || i % 3, i from generate_series(1, 9) i;
        insert into ident (k, v) values ('one', 'v'), ('two', 'v');
        insert into bykey values (1, 'a', 'v'), (2, 'b', 'v');
        insert into whole select i, 'v', repeat('y', 3000) from generate_series(1, 5) i;
        insert into nokey values ('same', '{"a": 1}', 0.1), ('same', '{"a": 1}', 0.1), ('same', '{"a": 1}', 0.1), (null, null, 'nan'), ('same', '{"a":1}', -0.0);
        insert into part select i, i % 3, 'v' from generate_series(1, 9) i;
        """;

    public const string Odd = """
        create type pt as (x int, y text); create domain small as int check (value < 100); create type mood as enum ('a', 'b');
        create table odd (id int primary key, a int[], aa text[], p pt, s small, m mood, ms mood[], j jsonb, b bytea, r int4range, c char(5), t time with time zone, i interval, x xml, bits bit varying(9), net inet);
        """;

    public const string OddRows = """
        insert into odd values (1, '{1,2,null}', array['a"b', 'c\d', '{x,y}', 'NULL', null, ''], (1, 'q,"z'), 7, 'a', '{a,b}', '{"k": "v\"\\"}', '\x00ff', '[1,5)', 'ab', '12:00+02', '1 mon -3 days', '<a>b</a>', '10101', '10.0.0.1/8');
        insert into odd (id) values (2); update odd set a = '{}', aa = null, p = (null, ''), ms = '{}' where id = 1; insert into odd (id, aa) values (3, array[array['a','b'],array['c','d']]);
        """;

    /// <summary>Each is one transaction. The row 99 of t may be there or not.</summary>
    public static TheoryData<string> Statements =>
    [
        "insert into t values (100, 'new', 'b', 1.50, 'bad')",
        "update t set n = n + 1, m = 'bad' where id % 2 = 0",
        "update t set body = repeat('z', 4000) where id = 1; update t set n = 9 where id = 1; update t set body = null where id = 2",
        "update t set id = id + 100",
        "update t set id = 50, n = 1 where id = 1; update t set n = 2 where id = 50; update t set id = 51 where id = 50; delete from t where id = 51; insert into t values (51, 'back')",
        "insert into t values (60, 'x', repeat('q', 3000)); update t set n = 3 where id = 60; update t set id = 61 where id = 60; delete from t where id = 2; insert into t values (2, 'again'); update t set n = 5 where id = 2",
        "update t set u = 'tmp' where id = 1; update t set u = 'u1' where id = 2; update t set u = 'u2' where id = 1",
        "delete from t where id > 5; insert into t select i, 'u' || i from generate_series(6, 30) i; delete from t where id = 7",
        "update pair set a = 'moved', b = b + 100 where b < 4; delete from pair where b = 5; update pair set v = null where b = 6",
        "update ident set v = 'w'; update ident set k = 'three' where k = 'one'; insert into ident (k) values ('four')",
        "update bykey set v = 'w' where id = 1; update bykey set other = 'c' where id = 1; delete from bykey where other = 'b'",
        "update whole set v = 'w' where id < 3; update whole set id = id + 10; delete from whole where id = 12",
        "delete from nokey where ctid = (select ctid from nokey where v = 'same' limit 1)",
        "update nokey set f = f * 2 where ctid in (select ctid from nokey where f = 0.1 limit 2); delete from nokey where v is null; insert into nokey values ('same', '{}', 1), ('same', '{}', 1)",
        "update part set v = 'w'; update part set k = 2 where k = 1; delete from part where k = 0; insert into part values (70, 7, 'x')",
        "truncate t, pair; insert into t values (1, 'after')",
        "insert into t values (77, 'gone'); truncate t; truncate nokey; truncate part; truncate ident restart identity",
    ];

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task One_set_of_statements_arrives(string statements)
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows, "insert into t values (99, 'meanwhile')");
        await using (var whole = await pair.Source.ConnectAsync())
        {
            await using var command = new NpgsqlCommand($"begin; {statements}; commit", whole);
            await command.ExecuteNonQueryAsync(StreamPair.Token);
        }
        var totals = await pair.CatchUpAsync();
        Assert.True(totals.Transactions >= 1);
        Assert.Equal(0, totals.Conflicts);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task The_same_statements_arrive_one_transaction_each()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Schema, Rows);
        foreach (var statement in new[] { "update t set u = 'tmp' where id = 1", "update t set u = 'u1' where id = 2", "update t set u = 'u2' where id = 1", "update t set id = id + 100", "delete from t where id > 110", "delete from nokey where v is null" })
            await pair.Source.ExecuteAsync(statement);
        Assert.Equal(0, (await pair.CatchUpAsync()).Conflicts);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task Arrays_composites_and_domains_arrive()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, Odd);
        await pair.Source.ExecuteAsync(OddRows);
        Assert.Equal(0, (await pair.CatchUpAsync()).Conflicts);
        await pair.AssertEqualAsync();
    }

    [Fact]
    public async Task A_transaction_larger_than_the_memory_for_it_arrives()
    {
        await using var pair = await StreamPair.CreateAsync(postgres, "create table t (id int primary key, v text)");
        pair.Limits = pair.Limits with { BatchBytes = 64 * 1024, SpillBytes = 1024 };
        var settings = pair.From.Settings;
        settings.Options = "-c logical_decoding_work_mem=64kB";
        pair.From = pair.From with { Settings = settings };
        await pair.Source.ExecuteAsync("begin; insert into t select i, repeat('x', 100) from generate_series(1, 20000) i; savepoint a; delete from t where id < 10000; rollback to a; update t set v = 'u' where id % 2 = 0; commit");
        Assert.Equal(0, (await pair.CatchUpAsync()).Conflicts);
        await pair.AssertEqualAsync();
    }

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task Functions_that_count_on_the_applications_search_path_are_found(FollowMethod method)
    {
        const string Named = """
            create schema ext; create extension citext schema ext;
            create function plain(t text) returns text language sql immutable as 'select lower(t)';
            create function folded(t text) returns text language sql immutable as 'select plain(t)';
            create function checked(t text) returns boolean language plpgsql immutable as 'begin return plain(t) <> ''bad''; end';
            create table titles (id int primary key, title text check (checked(title)), mail ext.citext);
            -- From 17 on, no such index can be built.
            do $$ begin if current_setting('server_version_num')::int < 170000 then create index titles_folded on titles (folded(title)); end if; end $$
            """;
        await using var pair = await StreamPair.CreateAsync(postgres, Named, "insert into titles values (1, 'One', 'A@x'), (2, 'Two', 'B@x')", method: method);
        await pair.Source.ExecuteAsync("update titles set title = 'Three', mail = 'c@X' where id = 1; insert into titles values (3, 'New', null); delete from titles where id = 2");
        await pair.CatchUpAsync();
        await pair.AssertEqualAsync();
    }
}
