using System.Globalization;
using System.Text;
using Npgsql;

namespace Godwit.IntegrationTests.Follow.Logical;

/// <summary>A seeded application: transactions of every kind of statement, with savepoints, rollbacks and conflicts with its fellows.</summary>
internal sealed class PgWriter(TestDatabase database, int seed)
{
    public const string Schema = """
        create table accounts (id int primary key, owner text, balance numeric(20, 2), note text); alter table accounts alter note set storage external;
        create table lines (account int, n int, label text unique, at timestamptz, primary key (account, n));
        create table events (body jsonb, at timestamptz); create table full_id (id int primary key, v text, big text); alter table full_id replica identity full; alter table full_id alter big set storage external;
        create table parts (id int, k int, v float8, primary key (id, k)) partition by hash (id);
        create table parts_0 partition of parts for values with (modulus 2, remainder 0); create table parts_1 partition of parts for values with (modulus 2, remainder 1);
        create table tags (id bigint generated always as identity primary key, words text[], twice int generated always as (cardinality(words) * 2) stored);
        create table def (a int, b int, constraint def_key primary key (a) deferrable initially deferred);
        """;

    private readonly Random _random = new(seed);

    public int Statements { get; private set; }

    public async Task WriteAsync(int transactions, CancellationToken ct)
    {
        await using var connection = await database.ConnectAsync();
        for (var i = 0; i < transactions; i++)
        {
            var sql = new StringBuilder("begin; ");
            for (var left = _random.Next(1, 6); left > 0; left--)
            {
                var saves = _random.Next(6) == 0;
                if (saves) sql.Append("savepoint s; ");
                sql.Append(Statement()).Append("; ");
                Statements++;
                if (saves) sql.Append(_random.Next(2) == 0 ? "rollback to s; " : "release s; ");
            }
            sql.Append(_random.Next(12) == 0 ? "rollback" : "commit");
            try
            {
                await using var command = new NpgsqlCommand(sql.ToString(), connection);
                await command.ExecuteNonQueryAsync(ct);
            }
            catch (PostgresException e) when (e.SqlState is "23505" or "40P01" or "40001" or "55006")
            {
                // As applications do, it goes on with the next. 55006: a TRUNCATE of what the same transaction has written, its keys not checked yet.
                await using var rollback = new NpgsqlCommand("rollback", connection);
                await rollback.ExecuteNonQueryAsync(ct);
            }
        }
    }

    private int Id() => _random.Next(1, 60);

    private string Large() => $"repeat('{(char)('a' + _random.Next(26))}', {_random.Next(10, 4000)})";

    private string Statement() => string.Create(CultureInfo.InvariantCulture, $"{Kind()}");

    private string Kind() => _random.Next(24) switch
    {
        0 or 1 => $"insert into accounts select i, 'o' || i, i * 1.5, {Large()} from generate_series({Id()}, {Id()} + 5) i on conflict (id) do update set balance = accounts.balance + 1, owner = excluded.owner",
        2 => $"update accounts set balance = balance + {_random.NextDouble():0.00}",
        3 => $"update accounts set note = {Large()} where id = {Id()}",
        4 => $"update accounts set id = id + 1000 where id = {Id()} and not exists (select from accounts b where b.id = accounts.id + 1000)",
        5 => $"delete from accounts where id % 7 = {_random.Next(7)}",
        6 or 7 => $"insert into lines values ({Id()}, {Id()}, 'l{_random.Next(500)}', now()) on conflict do nothing",
        8 => $"update lines set label = label || '.' where account = {Id()} and length(label) < 20",
        9 => $"update lines set account = account + 1 where n = {Id()} and not exists (select from lines b where b.account = lines.account + 1 and b.n = lines.n)",
        10 => $"delete from lines where account = {Id()}",
        11 or 12 => $"insert into events select jsonb_build_object('n', i % 3), '2024-01-01' from generate_series(1, {_random.Next(1, 5)}) i",
        13 => $"delete from events where ctid in (select ctid from events limit {_random.Next(1, 4)})",
        14 => $"update events set body = body || '{{\"x\": {_random.Next(3)}}}' where ctid in (select ctid from events limit 3)",
        15 => $"insert into full_id values ({Id()}, 'v', {Large()}) on conflict (id) do update set v = full_id.v || 'w'",
        16 => $"update full_id set id = -id where id = {Id()} and not exists (select from full_id b where b.id = -full_id.id)",
        17 => $"insert into parts values ({Id()}, {_random.Next(3)}, {_random.NextDouble():R}) on conflict do nothing",
        18 => $"update parts set id = id + 1 where id = {Id()} and not exists (select from parts b where b.id = parts.id + 1)",
        19 => $"update parts set v = v * 2 where k = {_random.Next(3)}",
        20 => $"insert into tags (words) values (array['a{Id()}', null, '\"q\"'])",
        21 => $"update tags set words = words || '{{z}}' where id % 5 = {_random.Next(5)}",
        22 => $"insert into def select i, i from generate_series({Id()}, {Id()} + 3) i where not exists (select from def where a = i); update def set a = a + 1 where a > {Id()}",
        _ => _random.Next(8) == 0 ? $"truncate {new[] { "events", "parts, tags", "lines", "def" }[_random.Next(4)]}" : $"delete from tags where id % 9 = {_random.Next(9)}",
    };
}
