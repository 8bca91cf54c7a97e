using System.Globalization;
using Godwit.Schema;
using Godwit.Wire;
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

    // pg_type.dat of the server's source.
    private const uint Int8 = 20, TimestampTz = 1184, PgLsn = 3220;
    private const string Advance = "godwit_advance", AdvanceChanges = "godwit_advance_changes";

    private bool HasOrigin => origin is not null;

    /// <summary>Once a session, before <see cref="Mark"/>.</summary>
    public void Prepare(Pipeline pipeline)
    {
        var advance = $"update godwit.stream set applied = greatest(applied, $1), transactions = transactions + $2, changes = changes + $3, conflicts = conflicts + $4, dropped = dropped + $5, committed = coalesce($6, committed), at = clock_timestamp() where name = {SqlText.Literal(stream)}";
        ReadOnlySpan<uint> types = [Int8, Int8, Int8, Int8, Int8, TimestampTz];
        pipeline.Prepare(Advance, advance, types);
        // The function returns nothing, which is not null.
        var holds = $"1 / (coalesce(pg_catalog.current_setting('{AppliedTable.Touched}')::bigint = $7, true))::int = 1";
        // In this order: from 16 on the origin moves with a transaction that fails, too.
        if (HasOrigin) holds = $"case when {holds} then pg_catalog.pg_replication_origin_xact_setup($8, coalesce($6, pg_catalog.clock_timestamp())) is not null end";
        pipeline.Prepare(AdvanceChanges, $"{advance} and {holds}", [.. types, Int8, .. HasOrigin ? [PgLsn] : ReadOnlySpan<uint>.Empty]);
    }

    /// <summary>
    /// The transaction that is open brings the stream to the end of the batch. <paramref name="touched"/>: it fails where the statements for one row did not
    /// touch that many.
    /// </summary>
    public void Mark(Pipeline pipeline, ChangeBatch batch, long changes, int conflicts, long? touched = null)
    {
        var changed = batch.Changes.Count > 0;
        pipeline.Begin(changed ? AdvanceChanges : Advance, [], !changed ? 6 : HasOrigin ? 8 : 7);
        Span<long> numbers = [(long)batch.Position.Value, batch.Transactions, changes, conflicts, batch.Dropped];
        foreach (var number in numbers) pipeline.Value(Text(number));
        if (batch.Micros == 0) pipeline.Null();
        else pipeline.Value(Time(batch.Micros));
        if (changed)
        {
            if (touched is { } rows) pipeline.Value(Text(rows));
            else pipeline.Null();
            if (HasOrigin) pipeline.Value(batch.Position.ToString());
        }
        pipeline.End();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    public IEnumerable<string> ConflictSql(IReadOnlyList<Conflict> conflicts) => conflicts.GroupBy(c => c).Select(group => string.Create(CultureInfo.InvariantCulture, $"""
        insert into godwit.conflict (stream, source_table, kind, repaired, count) values ({SqlText.Literal(stream)}, {SqlText.Literal(group.Key.Table)}, '{(group.Key.Kind == ConflictKind.Missing ? "missing" : "duplicate")}', {group.Key.Repaired}, {group.Count()})
        on conflict (stream, source_table, kind, repaired) do update set count = godwit.conflict.count + excluded.count, at = clock_timestamp()
        """));

    private static string Time(long micros) => ReplicationStream.Moment(micros).ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture);
}
