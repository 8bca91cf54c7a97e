using Microsoft.Data.Sqlite;

namespace Godwit.IntegrationTests.Follow;

/// <summary>
/// An application that knows nothing of Godwit: seeded statements of every kind, most of them meant to collide. Statements that a constraint
/// refuses are part of it.
/// </summary>
internal sealed class RandomWriter(string file, int seed) : IDisposable
{
    public const string Schema = """
        pragma journal_mode = wal;
        create table a (id integer primary key, u text unique, n integer, v text);
        create unique index a_n on a (n) where n > 50;
        create table b (k text primary key, w integer unique, note text);
        create table c (x integer, y text collate nocase, z real, primary key (x, y)) without rowid;
        create table d (id integer primary key, a_id integer references a (id) on delete cascade on update cascade, f real);
        create table e (v text, n integer);
        insert into a with recursive i(i) as (select 1 union all select i + 1 from i where i < 60) select i, 'u' || i, i % 50, 'start' from i;
        insert into d select id, id, id / 3.0 from a;
        insert into b select 'k' || id, id, null from a;
        insert into c select id % 7, 'y' || id, 0.5 from a;
        insert into e select v, n from a where id < 10;
        """;

    private readonly Random _random = new(seed);
    private readonly SqliteConnection _connection = Open(file, seed);

    private static SqliteConnection Open(string file, int seed)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False;Foreign Keys=True;Recursive Triggers={seed % 2 == 1};Default Timeout=30");
        connection.Open();
        return connection;
    }

    private int R(int below) => _random.Next(below);

    private string Statement() => R(26) switch
    {
        0 or 1 => $"insert into a (u, n, v) values ('u{R(90)}', {R(100)}, 'new {R(1000)}')",
        2 or 3 => $"insert or replace into a (id, u, n, v) values ({R(90)}, 'u{R(90)}', {R(100)}, 'replaced')",
        4 => $"replace into a (u, n, v) values ('u{R(90)}', {R(100)}, 'replaced by u')",
        5 => $"insert into a (id, u, n, v) values ({R(90)}, 'u{R(90)}', {R(100)}, 'x') on conflict (u) do update set v = 'upsert ' || excluded.v, n = excluded.n",
        6 => $"insert into a (id, u, n, v) values ({R(90)}, 'u{R(90)}', {R(40)}, 'x') on conflict do nothing",
        7 => $"update a set v = 'changed {R(1000)}', n = {R(100)} where id = {R(90)}",
        8 or 9 => $"update or replace a set u = 'u{R(90)}', n = {R(100)} where id % 5 = {R(5)} and id < {R(90)}",
        10 => $"update or replace a set id = {R(90)} where id = {R(90)}",
        11 => $"update or ignore a set n = n + 7 where id < {R(50)}",
        12 => $"delete from a where id = {R(90)}",
        13 => $"insert or replace into b values ('k{R(80)}', {R(80)}, 'r')",
        14 => $"update or replace b set w = {R(80)}, k = 'k{R(80)}' where k = 'k{R(80)}'",
        15 => $"delete from b where w < {R(10)}",
        16 => $"insert or replace into c values ({R(7)}, '{(R(2) == 0 ? "Y" : "y")}{R(70)}', {R(100)} / 7.0)",
        17 => $"update or replace c set y = '{(R(2) == 0 ? "Y" : "y")}{R(70)}' where x = {R(7)} and z > {R(10)}",
        18 => $"update c set z = z + 1 where x = {R(7)}",
        19 => $"insert into d (a_id, f) values ({R(90)}, {R(100)} / 3.0)",
        20 => $"update d set a_id = {R(90)}, f = f * 2 where id % 11 = {R(11)}",
        21 => $"insert into e values ('{R(5)}', {R(5)})",
        22 => $"update e set n = n + 1 where rowid % 3 = {R(3)}",
        23 => $"delete from e where rowid % 4 = {R(4)}",
        24 => R(40) == 0 ? $"delete from {"abcde"[R(5)]}" : $"update a set u = 'v' || id where id % 9 = {R(9)}",
        _ => R(60) == 0 ? "vacuum" : $"insert into a (id, u, n, v) select id + 1000, u || '-copy', null, v from a where id < {R(20)} limit 3",
    };

    /// <summary>Some statements alone, some in transactions, of which one in four is rolled back.</summary>
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
            for (var k = R(6); k >= 0; k--) if (Statement() is var sql && sql != "vacuum") Try(sql);
            Try(R(4) == 0 ? "rollback" : "commit");
        }
    }

    private void Try(string sql)
    {
        try
        {
            using var command = _connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 19 or 1)
        {
            // Refused by a constraint; or "no transaction is active" after a statement that ended it.
        }
    }

    public void Dispose() => _connection.Dispose();
}
