using System.Globalization;
using Godwit.Schema;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>
/// How far a stream is durable at the side where it is applied: a row of godwit.stream, written in the transaction of the changes.
/// <paramref name="origin"/>: name of the replication origin that marks what Godwit writes; null where the role may not use one.
/// </summary>
internal sealed class StreamPosition(string stream, string? origin)
{
    public const string Table = """
        create schema if not exists godwit;
        create table if not exists godwit.stream (
          name text primary key, feed text not null, method text not null default 'slot', slot text not null, publication text not null, applied bigint not null, transactions bigint not null default 0, changes bigint not null default 0,
          conflicts bigint not null default 0, dropped bigint not null default 0, committed timestamptz, at timestamptz not null default now(), origin_lsn bigint, retained bigint, rate double precision,
          lag_seconds double precision, slope double precision, lag bigint, last_error text);
        alter table godwit.stream add column if not exists method text not null default 'slot', add column if not exists lag bigint;
        create table if not exists godwit.conflict (
          stream text not null, source_table text not null, kind text not null, repaired bool not null, count bigint not null, at timestamptz not null default now(), primary key (stream, source_table, kind, repaired))
        """;

    public bool HasOrigin => origin is not null;

    public string AdvanceSql(ChangeBatch batch, long changes, int conflicts) => string.Create(CultureInfo.InvariantCulture,
        $"update godwit.stream set applied = greatest(applied, {(long)batch.Position.Value}), transactions = transactions + {batch.Transactions}, changes = changes + {changes}, conflicts = conflicts + {conflicts}, dropped = dropped + {batch.Dropped}{(batch.Micros == 0 ? "" : $", committed = '{Time(batch.Micros)}'")}, at = clock_timestamp() where name = {SqlText.Literal(stream)}");

    public IEnumerable<string> ConflictSql(IReadOnlyList<Conflict> conflicts) => conflicts.GroupBy(c => c).Select(group => string.Create(CultureInfo.InvariantCulture, $"""
        insert into godwit.conflict (stream, source_table, kind, repaired, count) values ({SqlText.Literal(stream)}, {SqlText.Literal(group.Key.Table)}, '{(group.Key.Kind == ConflictKind.Missing ? "missing" : "duplicate")}', {group.Key.Repaired}, {group.Count()})
        on conflict (stream, source_table, kind, repaired) do update set count = godwit.conflict.count + excluded.count, at = clock_timestamp()
        """));

    public string OriginSql(ChangeBatch batch) => $"select pg_catalog.pg_replication_origin_xact_setup('{batch.Position}', '{Time(batch.Micros)}')";

    private static string Time(long micros) => ReplicationStream.Moment(micros).ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture);
}
