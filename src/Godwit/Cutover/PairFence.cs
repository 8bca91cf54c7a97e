using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>
/// Refuses every write to these tables of a PostgreSQL database, whoever writes: triggers that fire for superusers and in replica sessions too,
/// and that only let sessions through which say that they are Godwit's (godwit.pass). While they are made each table's lock waits for the writers
/// that are at work, so that after it none is. Beyond that new sessions are read-only, and the old ones are ended, where the role may do that.
/// A database has one fence, which says whose it is: <paramref name="owner"/> tells the migration. That of another is neither raised nor taken away.
/// </summary>
public sealed class PairFence(StreamEnd end, IReadOnlyCollection<SqlName> tables, string owner)
{
    /// <summary>How long writers that are at work may take to end by themselves; then their sessions are ended.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private const int Attempts = 20;

    // Statements that name a partition do not fire what its parent has.
    private const string Relations = """
        select format('%I.%I', n.nspname, c.relname) from (
          select coalesce(p.relid, r.oid) as oid from (select to_regclass(w)::oid as oid from unnest($1::text[]) w) r left join lateral pg_partition_tree(r.oid) p on true where r.oid is not null) l
        join pg_class c on c.oid = l.oid join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') order by 1
        """;

    /// <summary>
    /// Returns how many sessions had to be ended because they held a lock. Repeated, it changes nothing.
    /// <paramref name="tablesOnly"/>: by the triggers alone, where nobody has to be put out.
    /// </summary>
    public async Task<int> RaiseAsync(string message, CancellationToken ct, bool tablesOnly = false)
    {
        await using var connection = await end.DefineAsync(ct);
        try
        {
            var relations = await RelationsAsync(connection, ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            // Two that come at one moment: the second finds the first.
            await ExecuteAsync(connection, "select pg_advisory_xact_lock(hashtextextended('godwit.pair_fence', 0))", ct);
            if (await OwnerAsync(connection, ct) is { } other && other != owner) throw Elsewhere(end, other);
            await ExecuteAsync(connection, $"""
                create schema if not exists godwit;
                grant usage on schema godwit to public;
                create or replace function godwit.pair_fence() returns trigger language plpgsql set search_path = pg_catalog as $godwit$
                begin
                  if current_setting('godwit.pass', true) = 'on' then return null; end if;
                  raise exception using message = {SqlText.Literal(message)}, errcode = '25006';
                end $godwit$;
                comment on function godwit.pair_fence() is {SqlText.Literal(owner)}
                """, ct);
            await transaction.CommitAsync(CancellationToken.None);
            var ended = await TriggersAsync(connection, relations, ct);
            Failpoints.Hit(Failpoints.FenceBegun);
            if (tablesOnly) return ended;
            await ReadOnlyAsync(connection, on: true, ct);
            await EndSessionsAsync(connection, "true", ct);
            return ended;
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, $"Fencing {end.Display}");
        }
    }

    /// <summary>
    /// Sessions are no longer made read-only; those that are go, or they would stay so after the fence. The triggers still refuse every write. Call before an
    /// application is told to connect here.
    /// </summary>
    public async Task AdmitAsync(CancellationToken ct)
    {
        await using var connection = await end.DefineAsync(ct);
        try
        {
            await ReadOnlyAsync(connection, on: false, ct);
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, $"Letting sessions of {end.Display} write");
        }
    }

    /// <summary>Leaves alone what another migration has raised.</summary>
    public async Task LowerAsync(CancellationToken ct)
    {
        await using var connection = await end.DefineAsync(ct);
        try
        {
            if (await OwnerAsync(connection, ct) is { } other && other != owner) return;
            await ReadOnlyAsync(connection, on: false, ct);
            Failpoints.Hit(Failpoints.FenceHalfLowered);
            // All at once, whatever tables are in use.
            await ExecuteAsync(connection, """
                do $godwit$ begin
                  if to_regproc('godwit.pair_fence') is not null then
                    create or replace function godwit.pair_fence() returns trigger language plpgsql set search_path = pg_catalog as 'begin return null; end';
                  end if;
                end $godwit$
                """, ct);
            Failpoints.Hit(Failpoints.FenceOpened);
            // Each trigger by itself: a lock on many tables could be held against writers that hold others of them and wait for these. By what is
            // there, not by what is known: a table may have been renamed meanwhile.
            foreach (var relation in await FencedAsync(connection, ct)) await ExecuteAsync(connection, $"drop trigger if exists godwit_pair_fence on {relation}", ct);
            await ExecuteAsync(connection, "drop function if exists godwit.pair_fence()", ct);
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, $"Taking the fence of {end.Display} away");
        }
    }

    /// <summary>Whether writes are refused; no longer from the moment on at which <see cref="LowerAsync"/> lets the first one through.</summary>
    public async Task<bool> IsRaisedAsync(CancellationToken ct)
    {
        await using var connection = await end.ConnectAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand("select exists (select from pg_trigger g join pg_proc p on p.oid = g.tgfoid where g.tgname = 'godwit_pair_fence' and p.prosrc like '%raise exception%')", connection);
            return (bool)(await command.ExecuteScalarAsync(ct))!;
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, $"Looking at {end.Display}");
        }
    }

    /// <summary>The other migration that has fenced this database; null where there is none.</summary>
    public async Task<string?> OtherAsync(CancellationToken ct)
    {
        await using var connection = await end.ConnectAsync(ct);
        try
        {
            return await OwnerAsync(connection, ct) is { } other && other != owner ? other : null;
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, $"Looking at {end.Display}");
        }
    }

    /// <summary>A second migration of a database whose application another one has moved.</summary>
    public static GodwitException Elsewhere(StreamEnd end, string other) => new(ErrorKind.Blocked, "cutover-elsewhere", $"{end.Display} was cut over by another migration (godwit_{other}): its fence and its way back are that one's.",
        $"godwit rollback of that migration, to its own target, brings the application back here first. Where it is finished or its target is gone, run here: set default_transaction_read_only = off; drop function godwit.pair_fence cascade; alter database ... reset default_transaction_read_only; drop table if exists godwit.fence; delete from godwit.stream where name = '{StreamFeed.ReverseName}'.");

    /// <summary>Null where no fence stands, or where it does not say whose it is: of a version before it did.</summary>
    private static async Task<string?> OwnerAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select obj_description(p.oid, 'pg_proc') from pg_proc p where p.pronamespace = to_regnamespace('godwit') and p.proname = 'pair_fence' and exists (select from pg_trigger g where g.tgfoid = p.oid)", connection);
        return await command.ExecuteScalarAsync(ct) as string;
    }

    private static async Task<List<string>> FencedAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select format('%I.%I', n.nspname, c.relname) from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace where g.tgname = 'godwit_pair_fence' and g.tgparentid = 0 order by 1", connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        var relations = new List<string>();
        while (await row.ReadAsync(ct)) relations.Add(row.GetString(0));
        return relations;
    }

    private async Task<List<string>> RelationsAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Relations, connection) { Parameters = { new() { Value = tables.Select(t => t.ToString()).ToArray() } } };
        await using var row = await command.ExecuteReaderAsync(ct);
        var relations = new List<string>();
        while (await row.ReadAsync(ct)) relations.Add(row.GetString(0));
        return relations;
    }

    /// <summary>All locks first, for a while only: who waits for a lock makes others wait behind him.</summary>
    private static async Task<int> TriggersAsync(NpgsqlConnection connection, List<string> relations, CancellationToken ct)
    {
        if (relations.Count == 0) return 0;
        var ended = 0;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(ct);
                await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"set local lock_timeout = {(int)Patience.TotalMilliseconds}"), ct);
                await ExecuteAsync(connection, $"lock table only {string.Join(", only ", relations)} in share row exclusive mode", ct);
                foreach (var relation in relations)
                    await ExecuteAsync(connection, $"""
                        drop trigger if exists godwit_pair_fence on {relation};
                        create trigger godwit_pair_fence before insert or update or delete or truncate on {relation} for each statement execute function godwit.pair_fence();
                        alter table only {relation} enable always trigger godwit_pair_fence
                        """, ct);
                await transaction.CommitAsync(CancellationToken.None);
                return ended;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                // VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY stand in the way too; autovacuum makes way by itself.
                await using var command = new NpgsqlCommand("""
                    select count(pg_terminate_backend(pid))::int from (select distinct l.pid from pg_locks l where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid() and (l.mode in ('RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                        or l.mode = 'ShareUpdateExclusiveLock' and exists (select from pg_stat_activity a where a.pid = l.pid and a.backend_type = 'client backend'))
                      and l.database = (select oid from pg_database where datname = current_database()) and l.relation = any (select to_regclass(w)::oid from unnest($1::text[]) w)) holders
                    """, connection) { Parameters = { new() { Value = relations.ToArray() } } };
                ended += (int)(await command.ExecuteScalarAsync(ct))!;
            }
        }
    }

    /// <summary>For everything else that writes: sequences, new tables. The database's owner alone may say so; the triggers hold without.</summary>
    private static async Task ReadOnlyAsync(NpgsqlConnection connection, bool on, CancellationToken ct)
    {
        try
        {
            // The note tells apart a setting of Godwit's from one that was there before. It goes last: it also says that sessions are to be ended.
            if (on)
            {
                await ExecuteAsync(connection, """
                  create table if not exists godwit.fence (read_only bool);
                  do $godwit$ begin
                    if not exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database() and s.setrole = 0 and exists (select from unnest(s.setconfig) c where c like 'default_transaction_read_only=%')) then
                      execute pg_catalog.format('alter database %I set default_transaction_read_only = on', current_database());
                      insert into godwit.fence values (true);
                    end if;
                  end $godwit$
                  """, ct);
                return;
            }
            await using var noted = new NpgsqlCommand("select to_regclass('godwit.fence') is not null", connection);
            if (!(bool)(await noted.ExecuteScalarAsync(ct))!) return;
            await ExecuteAsync(connection, """
                do $godwit$ begin
                  if exists (select from godwit.fence) then execute pg_catalog.format('alter database %I reset default_transaction_read_only', current_database()); end if;
                end $godwit$
                """, ct);
            await using var time = new NpgsqlCommand("select clock_timestamp()::text", connection);
            await EndSessionsAsync(connection, $"backend_start < {SqlText.Literal((string)(await time.ExecuteScalarAsync(ct))!)} and exists (select from godwit.fence)", ct);
            await ExecuteAsync(connection, "drop table if exists godwit.fence", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // Not the database's owner.
        }
    }

    /// <summary>So that applications connect anew, and find what is said there now.</summary>
    private static Task EndSessionsAsync(NpgsqlConnection connection, string which, CancellationToken ct) => ExecuteAsync(connection, $"""
        do $godwit$ declare s record; begin
          for s in select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() and application_name not like 'godwit%' and {which} loop
            begin
              perform pg_terminate_backend(s.pid);
            exception when insufficient_privilege then
              null; -- Of a role whose sessions this one may not end, a superuser's say: the triggers refuse its writes all the same.
            end;
          end loop;
        end $godwit$
        """, ct);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
