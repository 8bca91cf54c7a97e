using System.Globalization;
using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>The same statements, run in SQLite and in PostgreSQL after the migration, leave the same rows.</summary>
public class TriggerTests(PostgresFixture postgres)
{
    private const string Schema = """
        create table log (id integer primary key autoincrement, what text, n int, at text);
        create table item (id integer primary key, name text not null, qty int not null default 0, price real, tag text, note text unique, done boolean default 0, changed datetime);
        create table stock (name text primary key, total int not null default 0, hits int default 1);
        create table child (id integer primary key, item_id int, v text);
        insert into item (id, name, qty, price, tag, note) values (1, 'a', 5, 1.5, 'x', 'n1'), (2, 'b', 7, 2.5, null, 'n2'), (3, 'c', 0, null, 'Y', null);
        insert into child values (1, 1, 'one'), (2, 1, 'two'), (3, 2, 'three');
        insert into stock (name, total) values ('a', 5);
        create view open_items as select id, name, qty from item where not done;
        """;

    // Triggers, then the statements that fire them, after "---".
    public static TheoryData<string> Cases { get; } =
    [
        "create trigger t after insert on item begin insert into log (what, n) values ('ins ' || new.name, new.qty); end --- insert into item (name, qty) values ('d', 4), ('e', 5)",
        "create trigger t after update of qty on item when old.qty is not new.qty begin insert into log values (null, old.name || '>' || new.qty, new.qty - old.qty, null); end --- update item set qty = 9 where id = 1 --- update item set name = 'zz' --- update item set qty = qty",
        "create trigger t before delete on item begin select case when old.qty > 6 then raise(abort, 'too many') end; delete from child where item_id = old.id; end --- delete from item where id = 1 --- delete from item where id = 2 --- delete from item",
        "create trigger t before insert on item when new.qty < 0 begin select raise(ignore); end --- insert into item (id, name, qty) values (8, 'neg', -1), (9, 'pos', 1)",
        "create trigger t after update on item begin update item set changed = '2020-01-02 03:04:05', note = coalesce(note, 'n') || new.id where id = new.id; end --- update item set name = name || '!' --- update item set qty = 1 where id = 3",
        "create trigger t instead of insert on open_items begin insert into item (name, qty) values (upper(new.name), ifnull(new.qty, 42)); end; create trigger u instead of update on open_items begin update item set name = new.name, qty = new.qty where id = old.id; end; create trigger d instead of delete on open_items begin update item set done = 1 where id = old.id; end --- insert into open_items (name) values ('v') --- update open_items set qty = qty + 1 where id < 3 --- delete from open_items where id = 2",
        "create trigger t after insert on item begin insert into stock (name, total) values (new.name, new.qty) on conflict (name) do update set total = total + excluded.total, hits = hits + 1 where excluded.total > 0; end --- insert into item (name, qty) values ('a', 3), ('f', 2), ('f', 0), ('f', 8)",
        "create trigger t after insert on item begin insert or replace into stock (name, total) values (new.name, new.qty); end --- insert into item (name, qty) values ('a', 3), ('g', 2), ('g', 6)",
        "create trigger t after insert on item begin insert or ignore into stock select name, qty, 3 from item where id = new.id; end --- insert into item (name, qty) values ('a', 3), ('h', 2)",
        "create trigger t after delete on item begin insert into log (what, n) select v, old.id from child where item_id = old.id order by id; delete from child where item_id = old.id; end --- delete from item where qty > 0",
        "create trigger t before update on item begin select case when (select count(*) from child where item_id = new.id) > 1 then raise(abort, 'has children') when new.price is null then raise(ignore) end; end --- update item set name = 'q' where id = 1 --- update item set name = 'q' where id = 2 --- update item set name = 'q' where id = 3",
        "create trigger t before insert on child for each row begin select raise(abort, 'no such item') where (select id from item where id = new.item_id) is null; end --- insert into child values (9, 2, 'ok') --- insert into child values (10, 77, 'orphan')",
        "create trigger t after insert on log begin delete from log where id <= new.id - 2; end --- insert into log (what) values ('1') --- insert into log (what) values ('2') --- insert into log (what) values ('3') --- insert into log (what) values ('4')",
        "create trigger b after insert on item begin insert into log (what) values ('second ' || new.id); end; create trigger a after insert on item begin insert into log (what) values ('first ' || new.id); end; create trigger c after insert on item begin insert into log (what) values ('zeroth'); end --- insert into item (name) values ('x')",
        "create trigger t after insert on log when new.n < 5 begin insert into log (what, n) values ('again', new.n + 1); end --- insert into log (what, n) values ('start', 1)",
        "create trigger t after update on item begin update stock set (total, hits) = (new.qty, hits + 1) where name = new.name; update stock set total = s.q from (select sum(qty) as q from item) as s where stock.name = 'a' and new.id = 3; end --- update item set qty = 11 where id = 1 --- update item set qty = 12 where id = 3",
        "create trigger t after insert on item begin update item set price = round(new.qty * 1.5, 2), done = new.qty > 3, note = printf('%03d', new.id), tag = case when new.tag is null then 'none' else lower(new.tag) end where rowid = new.rowid; end --- insert into item (name, qty, tag) values ('i', 3, 'ABC') --- insert into item (name, qty) values ('j', 4)",
        "create trigger \"odd \"\"name\" after delete on item when old.note like 'N%' begin insert into log (what, at) values (old.note, date('2020-01-31', '+1 day')); end --- delete from item",
        "create trigger t before update of name on item begin select raise(fail, 'frozen: ' || old.name) from child where item_id = old.id limit 1; end --- update item set name = 'n' where id = 3 --- update item set name = 'n' where id = 1",
        "create trigger t after insert on item begin insert into child (item_id, v) values (last_insert_rowid(), 'of ' || new.name); insert into log (what, n) values ('child', last_insert_rowid()); insert into log (n) values (last_insert_rowid()); end --- insert into item (name) values ('k') --- insert into item (id, name) values (70, 'l'), (60, 'm')",
        "create trigger t after update on item begin insert or ignore into stock (name, total) values (new.name, new.qty); insert into log (what, n) values ('stock', changes()); update item set qty = qty + 1 where qty > 5 and id <> new.id; insert into log (what, n) values ('raised', changes()); delete from child where item_id = new.id; insert into log (what, n) values ('children', changes()); end --- update item set name = 'a' where id = 1 --- update item set name = 'new' where id = 2",
        "create trigger t after insert on log begin update or ignore item set note = 'same', qty = qty + 10 where id < 4; insert into log (what, n) values ('changed', changes()); end --- insert into log (what) values ('go')",
        "create trigger t after insert on log begin update or ignore item set name = case when id = 2 then null else name || '!' end; end --- insert into log (what) values ('go')",
        "create trigger t after insert on log begin insert or ignore into item (id, name, qty) select id + 10, case id when 2 then null else 'copy' end, qty from item; insert into log (what, n) values ('last', last_insert_rowid()); end --- insert into log (what) values ('go') --- insert into log (what) values ('again')",
        "create trigger t after insert on log when new.what = 'go' begin insert or replace into item (id, name, note) values (1, 'replaced', 'n2'); insert into child (item_id, v) values (last_insert_rowid(), changes()); end --- insert into log (what) values ('go')",
        "create trigger t after insert on log when new.what = 'go' begin update or replace item set note = 'n2', qty = qty + 10 where id <> 2; insert into log (what, n) values ('changed', changes()); end --- insert into log (what) values ('go')",
        "create trigger t after insert on log when new.what = 'go' begin update or replace item set id = id + 1, note = lower(note); insert into log (what, n) values ('changed', changes()); end --- insert into log (what) values ('go')",
        "create trigger t after insert on log when new.what = 'go' begin update or replace item set id = 4 - id; end --- insert into log (what) values ('go') --- delete from item where id = 1 --- insert into log (what) values ('go')",
        "create trigger t after insert on log when new.what = 'go' begin update or replace item set name = name || '!', note = null where id > 1; end --- insert into log (what) values ('go')",
        "create trigger t after update on item begin insert into log (what) values ('a'), ('b'), ('c'); insert into child (item_id, v) values (last_insert_rowid(), 'last'); insert into child (item_id, v) values (last_insert_rowid(), printf('%o', new.qty)); end --- update item set qty = 64 where id < 3 --- update item set qty = -1 where id = 3",
        // The number of the row that fired, in a table whose key is no number.
        "create trigger t after update of total on stock begin update stock set hits = hits + 1 where rowid = new.rowid; end; create trigger i after insert on stock begin update stock set hits = 9 where stock.rowid = new._rowid_ and new.total > 2; end --- update stock set total = 7 --- insert into stock (name, total) values ('p', 3), ('q', 2) --- update stock set total = 8, name = 'z' where name = 'p'",
        "create trigger t after update on item when case when new.qty > 5 then new.qty end begin insert into log (what) values (new.name); end --- update item set name = name || '!'",
        // What an ignored statement leaves behind is what was known before it.
        "create trigger t after insert on log begin insert or ignore into item (id, name) values (2, 'there'); insert into child (item_id, v) values (last_insert_rowid(), 'log'); insert or ignore into item (id, name) values (1, 'there'); insert into child (item_id, v) values (last_insert_rowid(), 'child'); end --- insert into log (what) values ('go')",
        "create trigger t after update on item begin insert into log (what) values ('x'); insert or ignore into item (id, name) values (new.id, 'there'); insert into child (item_id, v) values (new.id, last_insert_rowid()); end --- update item set qty = 1 where id = 2",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Triggers_do_in_PostgreSQL_what_they_do_in_SQLite(string text)
    {
        var parts = text.Split("---", StringSplitOptions.TrimEntries);
        await using var scenario = await Scenario.CreateAsync(postgres, Schema + parts[0]);

        var result = await scenario.MigrateAsync();

        Assert.DoesNotContain(result.Findings, f => f.Code is "trigger-not-translated" or "step-refused");
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        await using var connection = await scenario.Database.ConnectAsync();
        using var sqlite = new SqliteConnection($"Data Source={scenario.File};Pooling=False;Foreign Keys=False");
        sqlite.Open();
        foreach (var statement in parts[1..])
            Assert.Equal((statement, Refused: await RefusesAsync(() => sqlite.ExecuteAsync(statement))), (statement, Refused: await RefusesAsync(() => connection.ExecuteAsync(statement))));
        foreach (var table in new[] { "select id, name, qty, price, tag, note, done, changed from item order by id", "select what, n, at from log order by id", "select name, total, hits from stock order by name", "select id, item_id, v from child order by id" })
            Assert.Equal(await RowsAsync(sqlite, table), await RowsAsync(connection, table));
    }

    private static async Task<bool> RefusesAsync(Func<Task> act)
    {
        try { await act(); }
        catch (SqliteException e) when (e.SqliteErrorCode == 19) { return true; }
        catch (PostgresException e) when (e.SqlState[..2] == "23") { return true; }
        return false;
    }

    private static async Task<List<string>> RowsAsync(System.Data.Common.DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(Scenario.Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Scenario.Token)) rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => Plain(reader.GetValue(i)))));
        return rows;
    }

    private static string? Plain(object value) => value switch
    {
        DBNull => "NULL",
        bool b => b ? "1" : "0",
        DateTime t => t.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    [Theory]
    [InlineData("create trigger t after insert on item begin insert into log (what) values (application_function(new.name)); end")]
    [InlineData("create trigger t after insert on item begin update or replace stock set name = 'x'; end")]
    [InlineData("create trigger t after insert on item begin update or replace item set note = s.name from stock as s; end")]
    [InlineData("create trigger t after insert on item begin update or replace item set (note, name) = (select name, name from stock); end")]
    [InlineData("create trigger t after insert on item begin update or ignore item set name = s.name from stock as s where s.total = item.qty; end")]
    [InlineData("create trigger t after update on item begin insert into log (n) values (changes()); end")]
    [InlineData("create trigger t after insert on item begin insert into stock (name) values (new.name) on conflict (name) do update set hits = 0; insert into log (n) values (last_insert_rowid()); end")]
    [InlineData("create trigger t after insert on item begin select application_function(1); end")]
    [InlineData("create trigger t after delete on item begin insert into log (n) values (last_insert_rowid()); end")]
    [InlineData("create trigger t after insert on item begin insert into log (n) select last_insert_rowid() from child; end")]
    [InlineData("create trigger t after update on item begin insert or ignore into item (id, name) values (new.id, new.name); insert into log (n) values (last_insert_rowid()); end")]
    [InlineData("create trigger t after update on item begin insert into log (n) values (1); insert into stock (name) values (new.name || 'x'); insert or ignore into item (id, name) values (1, 'a'); insert into log (n) values (last_insert_rowid()); end")]
    [InlineData("create trigger t after update on item begin insert into log (what) select 'x' where new.id > 1; insert into child (item_id) values (last_insert_rowid()); end")]
    public async Task What_cannot_be_translated_is_named_with_its_text(string trigger)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema + trigger);

        var result = await scenario.MigrateAsync();

        Assert.Contains(trigger, Assert.Single(result.Findings, f => f.Code == "trigger-not-translated").Problem, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from pg_trigger where not tgisinternal"));
    }

    // There, SQLite's OR IGNORE holds for what the written table's triggers do, and the row stays.
    [Theory]
    [InlineData("create trigger t after insert on log begin insert or ignore into item (name) values (new.what); end; create trigger u after insert on item begin insert into child (id) values (1); end")]
    [InlineData("create trigger t after insert on log begin insert or ignore into child (id) values (new.n); end; create trigger u after insert on child begin insert into item (id, name) values (1, 'a'); end")]
    [InlineData("create trigger t after insert on log begin update or ignore item set qty = new.n; end; create trigger u before update of qty on item begin update child set id = 1; end")]
    public async Task OR_IGNORE_is_not_translated_where_the_written_table_has_triggers(string triggers)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema + triggers);

        var result = await scenario.MigrateAsync();

        Assert.Equal("trigger t of log", Assert.Single(result.Findings, f => f.Code == "trigger-not-translated").Subject);
    }

    // SQLite does not fire them for the rows that are replaced, unless an application asks for it.
    [Theory]
    [InlineData("create trigger t after insert on log begin insert or replace into item (id, name) values (1, new.what); end; create trigger u after delete on item begin insert into child (v) values (old.name); end")]
    [InlineData("create trigger t after insert on log begin update or replace item set note = 'n1'; end; create trigger u after delete on item begin insert into child (v) values (old.name); end")]
    [InlineData("create trigger t after insert on log begin update or replace item set note = 'n1'; end; create trigger u after update on item begin insert into child (v) values (old.name); end")]
    [InlineData("create trigger t after insert on log begin update or replace item set name = 'x'; end; create unique index one on item (lower(name))")]
    public async Task OR_REPLACE_is_not_translated_where_more_than_rows_is_replaced(string triggers)
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema + triggers);

        var result = await scenario.MigrateAsync();

        Assert.Equal("trigger t of log", Assert.Single(result.Findings, f => f.Code == "trigger-not-translated").Subject);
    }

    // A table's name is no call; nothing is counted then.
    [Fact]
    public async Task A_table_named_changes_is_no_call_of_changes()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema + "create table changes (id integer primary key, v text); create trigger t after insert on item begin insert into changes (v) values (new.name); end");

        await scenario.MigrateAsync();

        Assert.DoesNotContain("godwit_changes", await scenario.AskAsync<string>("select prosrc from pg_trigger join pg_proc p on p.oid = tgfoid where not tgisinternal"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Triggers_come_again_with_their_tables_when_a_migration_is_repeated()
    {
        await using var scenario = await Scenario.CreateAsync(postgres, Schema + "create trigger t after insert on item begin insert into log (what) values (new.name); end");
        await scenario.MigrateAsync();
        scenario.Source("insert into item (name) values ('later')");

        var result = await scenario.MigrateAsync(new MigrationOptions { Jobs = 2, IfExists = IfExists.Replace });

        Assert.Contains(result.Verification!.Checks, c => c is { Name: "triggers", Verdict: Verdict.Equal });
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from pg_trigger where not tgisinternal"));
        await scenario.DoAsync("alter table item disable trigger t; drop trigger t on item");
        var again = await scenario.VerifyAsync();
        Assert.Contains(again.Checks, c => c is { Name: "triggers", Verdict: Verdict.Different });
    }
}

internal static class ConnectionExtensions
{
    public static async Task ExecuteAsync(this System.Data.Common.DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Scenario.Token);
    }
}
