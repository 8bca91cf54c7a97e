using Godwit.Cutover;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Schema;
using Npgsql;

namespace Godwit;

/// <summary>The end between two PostgreSQL databases: takes away everything of Godwit's but the journal. Each step passes over what is gone, so that a killed one is gone on with.</summary>
internal sealed class PairFinish(PairSession session)
{
    public async Task RunAsync(CancellationToken ct)
    {
        var tables = await session.TablesAsync(back: false, ct);
        var switched = session.Fact.IsSwitched;
        await session.SayAsync(FollowJournal.Finishing, ct);
        Failpoints.Hit(Failpoints.FinishDecided);
        await session.Origin(back: false).RestoreAsync(session.New, ct);
        await session.DropForwardAsync(ct);
        Failpoints.Hit(Failpoints.StreamDropped);
        await session.DropBackAsync(ct);
        Failpoints.Hit(Failpoints.WayBackForgotten);
        // The old side stays fenced where the application has left it: only its owner knows when it may be written to again.
        if (!switched && await session.MovedByAnotherAsync(ct) is null) await new PairFence(session.Old, tables, session.Id).LowerAsync(ct);
        Failpoints.Hit(Failpoints.SourceFreed);
        await new PairFence(session.New, tables, session.Id).LowerAsync(ct);
        Failpoints.Hit(Failpoints.TargetFreed);
        await DropOriginAsync(session.Old, session.Back.Origin, ct);
        Failpoints.Hit(Failpoints.OriginDropped);
        await DropOriginAsync(session.New, session.Forward.Origin, ct);
        await LeaveAsync(ct);
        Failpoints.Hit(Failpoints.TablesDropped);
        await EndStreamAsync(ct);
        await session.SayAsync(FollowJournal.Finished, ct);
        Failpoints.Hit(Failpoints.FinishSaid);
    }

    private static async Task DropOriginAsync(StreamEnd end, string origin, CancellationToken ct)
    {
        await using var connection = await end.ConnectAsync(ct);
        try
        {
            await ExecuteAsync(connection, $"select pg_replication_origin_drop({SqlText.Literal(origin)}) where exists (select from pg_replication_origin where roname = {SqlText.Literal(origin)})", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // Then there was none.
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, $"Dropping the replication origin of {end.Display}");
        }
    }

    /// <summary>What else schema godwit of the old side holds is another migration's: of that database's own coming, or to another target.</summary>
    private async Task LeaveAsync(CancellationToken ct)
    {
        await using var connection = await session.Old.DefineAsync(ct);
        try
        {
            await ExecuteAsync(connection, """
                do $godwit$ begin
                  if to_regclass('godwit.stream') is not null then
                    if not exists (select from godwit.stream) then drop table if exists godwit.stream, godwit.conflict; end if;
                  end if;
                  if to_regnamespace('godwit') is not null and not exists (select from pg_class where relnamespace = to_regnamespace('godwit') union all select from pg_proc where pronamespace = to_regnamespace('godwit')) then drop schema godwit; end if;
                end $godwit$
                """, ct);
        }
        catch (NpgsqlException e)
        {
            throw session.Old.Map(e, $"Cleaning {session.Old.Display}");
        }
    }

    private async Task EndStreamAsync(CancellationToken ct)
    {
        await using var connection = await session.New.ConnectAsync(ct);
        try
        {
            await StreamFacts.EndAsync(connection, session.Forward.Name, ct);
        }
        catch (NpgsqlException e)
        {
            throw session.New.Map(e, "writing the journal");
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
