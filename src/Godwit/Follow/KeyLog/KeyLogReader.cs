using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Wire;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.KeyLog;

/// <summary>
/// Reads what triggers have noted. Each look fixes a moment, and gives what became, between the last moment and this one, of every row that was
/// noted: the order in which triggers ran, and what came and went in between, does not matter. One moment is one transaction.
/// </summary>
internal sealed class KeyLogReader : IChangeReader
{
    private const string Changed = "changed";
    private const int VacuumEvery = 5_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200), PruneEvery = TimeSpan.FromSeconds(1);

    private readonly WireConnection _control, _data;
    private readonly KeyLogNames _names;
    private readonly TimeProvider _clock;
    private readonly bool _partitioned;
    private readonly ConcurrentDictionary<uint, StreamType> _types = new();
    private readonly KnownRelations _relations = new();
    /// <summary>The tables by the names that they had at the last look.</summary>
    private List<LoggedTable>? _locked;
    private readonly ManualResetEventSlim _wake = new();
    private volatile bool _ended;
    private long _durable, _at, _pruned, _prunedAt, _dead;
    /// <summary>The snapshot of the moment up to which everything was given.</summary>
    private string _seen;

    private KeyLogReader(WireConnection control, WireConnection data, KeyLogNames names, long at, string seen, TimeProvider clock)
    {
        (_control, _data, _names, _at, _seen, _clock) = (control, data, names, at, seen, clock);
        _partitioned = control.Query($"select exists (select from {names.Tables} l join pg_class c on c.oid = l.relation and c.relkind = 'p')")[0][0] == "t";
        (_durable, _prunedAt) = (at, clock.GetTimestamp());
    }

    public static KeyLogReader Open(StreamEnd from, KeyLogNames names, Lsn applied, StreamLimits limits, TimeProvider clock, ICollection<int> opened, CancellationToken ct)
    {
        WireConnection? control = null, data = null;
        try
        {
            control = from.Open(ct);
            opened.Add(control.ProcessId);
            data = from.Open(ct);
            opened.Add(data.ProcessId);
            foreach (var connection in new[] { control, data })
            {
                // A large sort may take as long as a lock that is in the way: doubled each time, like the answer to a batch.
                connection.LimitSilence(limits.Answer);
                connection.Query("set timezone = 'UTC'; set row_security = off; set jit = off; set standard_conforming_strings = on; set idle_session_timeout = 0");
                connection.Query(ApplicationPath.Session);
            }
            var at = (long)applied.Value;
            // A stream of a version before: those that are there now are known from now on.
            if (control.Query($"select coalesce(to_regclass({SqlText.Literal(names.Partitions.ToString())})::text, '')")[0][0]!.Length == 0)
                control.Query($"begin; {KeyLogPartitions.Create(names)}; {KeyLogPartitions.Know(names, control.Query(KeyLogPartitions.Read(names))[0][0]!)}; commit");
            return new(control, data, names, at, control.Query($"select snapshot::text from {names.Ticks} where id = {Text(at)}")[0][0]!, clock);
        }
        catch
        {
            control?.Dispose();
            data?.Dispose();
            throw;
        }
    }

    public StreamType? FindType(uint type) => _types.GetValueOrDefault(type);

    public void Report(Lsn received, Lsn durable, bool reply)
    {
        Volatile.Write(ref _durable, (long)durable.Value);
        if (reply) _wake.Set();
    }

    public void End()
    {
        if (_ended) return;
        _ended = true;
        _wake.Set();
        _data.Abort();
        _control.Abort();
    }

    public void Dispose()
    {
        End();
        _data.Dispose();
        _control.Dispose();
    }

    public void ReadInto(BatchQueue queue)
    {
        while (!_ended)
        {
            Prune();
            // One statement: what it finds committed includes all that the newest moment saw.
            var look = _control.Query($"select exists (select from {_names.Log} where {Unseen})::text, max(id)::text, (array_agg(snapshot::text order by id desc))[1], coalesce(bool_or(exported is not null), false)::text, {(_partitioned ? $"exists ({KeyLogPartitions.Changes(_names)})::text" : "'false'")} from {_names.Ticks} where id > {Text(_at)}")[0];
            if (look[4] == "true")
            {
                KeyLogPartitions.Settle(_control, _names, Unseen);
                continue;
            }
            if (look[0] == "true")
            {
                if (!Take(queue, look[3] == "true")) throw new OperationCanceledException();
                continue;
            }
            if (look[1] is { } newest)
            {
                (_at, _seen) = (Number(newest), look[2]!);
                queue.Keepalive(new((ulong)_at));
            }
            _wake.Wait(Poll);
            _wake.Reset();
        }
    }

    private string Unseen => $"not pg_visible_in_snapshot(xid, '{_seen}')";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>What is durable at the other end is not wanted any more.</summary>
    private void Prune()
    {
        var durable = Volatile.Read(ref _durable);
        if (durable <= _pruned || _clock.GetElapsedTime(_prunedAt) < PruneEvery) return;
        _dead += Number(_control.Query($"with gone as (delete from {_names.Log} where pg_visible_in_snapshot(xid, (select snapshot from {_names.Ticks} where id = {Text(durable)})) returning 1) select count(*)::text from gone")[0][0]!);
        _control.Query($"delete from {_names.Ticks} where id < {Text(durable)}");
        // Every look reads the whole table, and what was pruned lies in it until it is vacuumed: autovacuum comes once a minute.
        if (_dead > VacuumEvery)
        {
            _control.Query($"vacuum (analyze, skip_locked, truncate off) {_names.Log}");
            _dead = 0;
        }
        (_pruned, _prunedAt) = (durable, _clock.GetTimestamp());
    }

    /// <summary>Gives everything until a moment. Returns false when the queue has ended.</summary>
    private bool Take(BatchQueue queue, bool held)
    {
        var (next, snapshot, tables) = FixArmed(held);
        if (!queue.Add(new() { Kind = PgOutputKind.Begin, Lsn = new((ulong)_at) }, "")) return false;
        var noted = _data.Query($"select tab::text, coalesce(max(id) filter (where op = 'T'), 0)::text from {_names.Log} where {Unseen} group by 1").ToDictionary(r => (int)Number(r[0]!), r => Number(r[1]!));
        var work = NotedTable.Read(_data, _names, [.. tables.Where(t => noted.ContainsKey(t.Number))], noted, Unseen, _types, _relations);
        foreach (var table in work.Where(t => t.IsEmptied))
            if (!queue.Add(new() { Kind = PgOutputKind.Truncate, Truncated = [table.Relation] }, "")) return false;
        // What holds another row's unique value goes before that row comes, whichever transaction was first.
        if (!work.All(t => t.SendGone(queue)) || !work.All(t => t.SendThere(queue))) return false;
        _data.Query("commit");
        (_at, _seen) = (next, snapshot);
        return queue.Add(new() { Kind = PgOutputKind.Commit, EndLsn = new((ulong)next), Micros = ReplicationStream.Micros(_clock.GetUtcNow()) }, "");
    }

    private List<LoggedTable> Tables(WireConnection connection) => [.. connection.Query(KeyLogSchema.Logged(_names)).Select(r => LoggedTable.Of(i => r[i]!))];

    /// <summary>
    /// A moment whose partitions all note that they are emptied: what is read of others, and is at the other side then, could be emptied before they do.
    /// One that somebody holds is so already.
    /// </summary>
    private (long Number, string Snapshot, List<LoggedTable> Tables) FixArmed(bool mayBeHeld)
    {
        while (true)
        {
            var (number, snapshot, unarmed, held) = Fix(mayBeHeld);
            if (unarmed.Any(u => u[1] == Changed))
            {
                _data.Query("rollback");
                KeyLogPartitions.Settle(_control, _names, Unseen);
                continue;
            }
            var tables = Tables(_data);
            if (held || unarmed.IsEmpty && tables.SequenceEqual(_locked!, LoggedTable.SamePlace)) return (number, snapshot, tables);
            _data.Query("rollback");
            // One has another name by now: what was locked may not be what is read.
            _locked = null;
            foreach (var partition in unarmed) Arm(partition[0]!, (int)Number(partition[1]!));
        }
    }

    /// <summary>For a moment only: who waits for the lock makes the partition's writers wait behind him.</summary>
    private void Arm(string partition, int table)
    {
        try
        {
            _control.Query($"begin; set local lock_timeout = '1s'; {KeyLogSchema.Emptied(_names, table, partition)}; commit");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            throw new GodwitException(ErrorKind.SourceTransient, "follow-partition-locked", $"{partition} is new, and in use by a long transaction: the trigger that tells when it is emptied could not be made yet.", "select pid, usename, xact_start, query from pg_stat_activity order by xact_start; shows who uses it.", e);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new GodwitException(ErrorKind.Blocked, "follow-not-owner", $"{partition} is new, and belongs to another role: the trigger that tells when it is emptied cannot be made.", "Give it to its parent's owner: alter table ... owner to; then follow.", e);
        }
    }

    /// <summary>Begins the transaction of the data connection at a moment: one that somebody holds, for he waits until the other side is as it was then and no further; else now.</summary>
    private (long Number, string Snapshot, ImmutableArray<ImmutableArray<string?>> Unarmed, bool Held) Fix(bool mayBeHeld)
    {
        if (mayBeHeld) _locked = null;
        foreach (var held in !mayBeHeld ? [] : _control.Query($"select id::text, snapshot::text, exported from {_names.Ticks} where id > {Text(_at)} and exported is not null order by id"))
        {
            try
            {
                Begin();
                _data.Query($"set transaction snapshot {SqlText.Literal(held[2]!)}");
                return (Number(held[0]!), held[1]!, [], true);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidParameterValue or PostgresErrorCodes.UndefinedObject or PostgresErrorCodes.ObjectNotInPrerequisiteState)
            {
                // Nobody holds it any more.
                _data.Query("rollback");
                _control.Query($"update {_names.Ticks} set exported = null where id = {held[0]}");
            }
        }
        Begin();
        // Few questions: how old the newest row is at the other side is mostly the time that they take.
        var now = _control.Query($"begin isolation level repeatable read; {KeyLogSchema.Lock(_names)}; insert into {_names.Ticks} (snapshot) values (pg_current_snapshot()) returning id::text, snapshot::text, pg_export_snapshot()")[0];
        var unarmed = _data.Query($"set transaction snapshot {SqlText.Literal(now[2]!)}; ({KeyLogSchema.Unarmed(_names)}){(_partitioned ? $" union all select '', {SqlText.Literal(Changed)} where exists ({KeyLogPartitions.Changes(_names)})" : "")}");
        _control.Query("commit");
        return (Number(now[0]!), now[1]!, unarmed, false);
    }

    /// <summary>Behind a lock: to a moment before it, a table that is rewritten or emptied would look empty.</summary>
    private void Begin()
    {
        while (true)
        {
            _locked ??= Tables(_control);
            try
            {
                _data.Query($"begin isolation level repeatable read, read only{(_locked.Count == 0 ? "" : $"; lock table {string.Join(", ", _locked.Select(t => t.From))} in access share mode")}");
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                _data.Query("rollback");
                _locked = null;
            }
        }
    }
}
