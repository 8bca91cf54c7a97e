using Microsoft.Data.Sqlite;

namespace Godwit.Writer;

/// <summary>
/// An application that knows nothing of Godwit: seeded statements of every kind, most of them meant to collide. Statements that a constraint
/// refuses are part of it.
/// </summary>
public sealed class RandomWriter(string file, int seed) : IDisposable
{
    public const string Schema = """
        pragma journal_mode = wal;
        create table a (id integer primary key, u text unique, n integer, v text);
        create unique index a_n on a (n) where n > 50;
        create table b (k text primary key, w integer unique, note text);
        create table c (x integer, y text collate nocase, z real, primary key (x, y)) without rowid;
        create table d (id integer primary key, a_id integer references a (id) on delete cascade on update cascade, f real);
        create table e (v text, n integer);
        create table f (name text, n integer, primary key (name collate nocase));
        create table g (id integer primary key, tag text, up text generated always as (upper(tag)) stored);
        create unique index g_tag on g (tag collate nocase);
        create table h (k blob primary key, n integer) without rowid;
        create table i (id integer primary key, v text, n integer);
        create unique index i_v on i (lower(v));
        create table trail (id integer primary key autoincrement, what text, k integer);
        create trigger a_trail after update of v on a begin insert into trail (what, k) values ('a', new.id); update d set f = f + 1 where a_id = new.id; end;
        create trigger e_trail before delete on e begin insert into trail (what, k) values (old.v, old.n); end;
        create trigger i_none before insert on i when new.n = 13 begin select raise(ignore); end;
        insert into a with recursive i(i) as (select 1 union all select i + 1 from i where i < 60) select i, 'u' || i, i % 50, 'start' from i;
        insert into d select id, id, id / 3.0 from a;
        insert into b select 'k' || id, id, null from a;
        insert into c select id % 7, 'y' || id, 0.5 from a;
        insert into e select v, n from a where id < 10;
        insert into f select 'Name' || id, id from a;
        insert into g (id, tag) select id, 'Tag' || id from a;
        insert into h select randomblob(3), id from a;
        insert into i select id, 'v' || id, id from a where id <> 13;
        """;

    private readonly Random _random = new(seed);
    private readonly SqliteConnection _connection = Open(file, seed);

    /// <summary>A trigger has refused a write.</summary>
    public bool Refused { get; private set; }

    private static SqliteConnection Open(string file, int seed)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False;Foreign Keys=True;Recursive Triggers={seed % 2 == 1};Default Timeout=60");
        connection.Open();
        return connection;
    }

    private int R(int below) => _random.Next(below);

    private string Case(string word) => R(2) == 0 ? word : word.ToUpperInvariant();

    private string Or => R(4) switch { 0 => "or replace ", 1 => "or ignore ", 2 => "or replace ", _ => "" };

    private string Statement() => R(44) switch
    {
        0 or 1 => $"insert into a (u, n, v) values ('u{R(90)}', {R(100)}, 'new {R(1000)}')",
        2 or 3 => $"insert or replace into a (id, u, n, v) values ({R(90)}, 'u{R(90)}', {R(100)}, 'replaced')",
        4 => $"replace into a (u, n, v) values ('u{R(90)}', {R(100)}, 'replaced by u')",
        5 => $"insert into a (id, u, n, v) values ({R(90)}, 'u{R(90)}', {R(100)}, 'x') on conflict (u) do update set v = 'upsert ' || excluded.v, n = excluded.n",
        6 => $"insert into a (id, u, n, v) values ({R(90)}, 'u{R(90)}', {R(40)}, 'x') on conflict do nothing",
        7 => $"update a set v = 'changed {R(1000)}', n = {R(100)} where id = {R(90)} returning id, v",
        8 or 9 => $"update or replace a set u = 'u{R(90)}', n = {R(100)} where id % 5 = {R(5)} and id < {R(90)}",
        10 => $"update or replace a set id = {R(90)} where id = {R(90)}",
        11 => $"update or ignore a set n = n + 7 where id < {R(50)}",
        12 => $"delete from a where id = {R(90)}",
        13 => $"insert or replace into b values ('k{R(80)}', {R(80)}, 'r')",
        14 => $"update or replace b set w = {R(80)}, k = 'k{R(80)}' where k = 'k{R(80)}'",
        15 => $"delete from b where w < {R(10)}",
        16 => $"insert or replace into c values ({R(7)}, '{Case("y")}{R(70)}', {R(100)} / 7.0)",
        17 => $"update or replace c set y = '{Case("y")}{R(70)}' where x = {R(7)} and z > {R(10)}",
        18 => $"update c set z = z + 1 where x = {R(7)}",
        19 => $"insert into d (a_id, f) values ({R(90)}, {R(100)} / 3.0)",
        20 => $"update d set a_id = {R(90)}, f = f * 2 where id % 11 = {R(11)}",
        21 => $"insert into e values ('{R(5)}', {R(5)})",
        22 => $"update e set n = n + 1 where rowid % 3 = {R(3)}",
        23 => $"delete from e where rowid % 4 = {R(4)}",
        24 => R(40) == 0 ? $"delete from {"abcdefghi"[R(9)]}" : $"update a set u = 'v' || id where id % 9 = {R(9)}",
        25 => $"insert or replace into b (rowid, k, w) values ({R(70)}, 'k{R(80)}', {R(80)})",
        26 => $"update or replace b set rowid = {R(70)} where k = 'k{R(80)}'",
        27 => $"insert {Or}into f values ('{Case("name")}{R(70)}', {R(100)})",
        28 => $"update {Or}f set name = '{Case("name")}{R(70)}', n = {R(100)} where name = '{Case("name")}{R(70)}'",
        29 => $"insert into f values ('{Case("name")}{R(70)}', 1) on conflict (name) do update set n = n + 1, name = excluded.name",
        30 => $"insert {Or}into g (id, tag) values ({R(90)}, '{Case("tag")}{R(70)}') returning up",
        31 => $"update {Or}g set tag = '{Case("tag")}{R(70)}' where id % 13 = {R(13)}",
        32 => $"update {Or}g set id = id + {R(5)} where id > {R(90)}",
        33 => $"insert {Or}into h values (x'{R(40):x2}', {R(100)})",
        34 => $"update {Or}h set k = x'{R(40):x2}' where k = x'{R(40):x2}'",
        35 => $"delete from h where n % 20 = {R(20)}",
        36 => $"insert {Or}into i values ({R(90)}, '{Case("v")}{R(70)}', {R(20)})",
        37 => $"update {Or}i set v = '{Case("v")}{R(70)}' where id % 13 = {R(13)}",
        38 => $"with n(id) as (select id from a where id < {R(30)}) update d set f = n.id from n where d.a_id = n.id",
        39 => $"delete from i where id in (select id from i order by n limit {R(4)})",
        40 => $"delete from trail where id < (select max(id) - 50 from trail)",
        _ => R(60) == 0 ? "vacuum" : $"insert into a (id, u, n, v) select id + 1000, u || '-copy', null, v from a where id < {R(20)} limit 3",
    };

    /// <summary>Some statements alone, some in transactions with savepoints, of which one in four is rolled back.</summary>
    public void Write(int statements)
    {
        for (var i = 0; i < statements; i++)
        {
            if (R(5) > 0)
            {
                Try(Statement());
                continue;
            }
            Try("begin immediate");
            var saved = R(3) == 0;
            for (var k = R(6); k >= 0; k--)
            {
                if (saved && k == 2) Try("savepoint s");
                if (Statement() is var sql && sql != "vacuum") Try(sql);
            }
            if (saved && R(2) == 0) Try("rollback to s");
            Try(R(4) == 0 ? "rollback" : "commit");
        }
    }

    private void Try(string sql)
    {
        try
        {
            using var command = _connection.CreateCommand();
            command.CommandText = sql;
            using var reader = command.ExecuteReader();
            while (reader.Read()) { }
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 19 or 1)
        {
            // Refused by a constraint or a fence; or "no such savepoint", "no transaction is active" after a statement that ended it.
            Refused |= e.SqliteExtendedErrorCode == 1811;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == 5)
        {
            // Two writers of rollback-journal mode that stand in each other's way: SQLite makes one of them give up.
            if (sql != "rollback") Try("rollback");
        }
    }

    public void Dispose() => _connection.Dispose();
}
