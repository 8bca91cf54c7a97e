using System.Collections.Immutable;
using Godwit.Cutover;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;
using Npgsql;

namespace Godwit;

/// <summary>The switch from one PostgreSQL database to another, and back: the steps of <see cref="CuttingOver"/> for two servers that both can say what was written to them.</summary>
internal sealed class PairCutover(PairSession session, IPostgresSource source, ITarget target, MigrationOptions options, SwitchOptions how, Func<string?, CancellationToken, Task> command, Action<Finding> found, TimeProvider clock)
{
    /// <summary>What may be left to apply behind the fence: a second's worth or so.</summary>
    private const long SmallLag = 16 * 1024 * 1024;

    private List<SqlName> _tables = [], _strays = [];
    private bool _switching, _closed;
    private readonly PairUnstreamed _unstreamed = new(session, options, found);

    public long FencedAt { get; private set; }
    public long OpenedAt { get; private set; }
    public VerifyReport? Verification { get; private set; }

    public async Task<ImmutableArray<ICutoverStep>> ForwardAsync(CancellationToken ct)
    {
        var followed = await session.TablesAsync(back: false, ct);
        // What was chosen to be left out is no stray.
        if (!OptionsFingerprint.IsOfPart(session.Run.Options)) (_strays, _) = await Strays(back: false).FindAsync(t => followed.Contains(t) || session.IsLeftBehind(t), ct);
        _tables = [.. followed, .. _strays];
        var old = new PairFence(session.Old, _tables, session.Id);
        FencedAt = clock.GetTimestamp();
        var open = new CutoverStep("open", async token =>
        {
            await new PairFence(session.New, _tables, session.Id).LowerAsync(token);
            Failpoints.Hit(Failpoints.Opened);
            await session.SayAsync(FollowJournal.Done, token);
            OpenedAt = clock.GetTimestamp();
        });
        // The application may use the target already: there is no way but on, or back by a rollback.
        if (session.Fact.State == FollowJournal.Switching) return [new CutoverStep("switch", SwitchAsync), open];
        return
        [
            new CutoverStep("look first", token => new PairLook(session, source, target, options, how.NoWayBack, found, clock).RunAsync(followed, token)),
            new CutoverStep("catch up", token => CatchUpAsync(back: false, token)),
            .. BringingStrays("bring over what is not followed", back: false, tell: true),
            .. await _unstreamed.BeforeFenceAsync(ct),
            new CutoverStep("refresh views", RefreshAsync),
            new CutoverStep("make the way back", MakeWayBackAsync, session.DropBackAsync),
            new CutoverStep("fence", async token =>
            {
                FencedAt = clock.GetTimestamp();
                await old.RaiseAsync(CuttingOver.Moved, token);
                Failpoints.Hit(Failpoints.SourceFenced);
                await session.SayAsync(FollowJournal.Fencing, token);
                Failpoints.Hit(Failpoints.Fenced);
            }, async token =>
            {
                // In this order: an open old side beside a journal that says "switching" would be left behind by the next cutover.
                await session.SayAsync(FollowJournal.Stopped, token);
                await old.LowerAsync(token);
            }),
            .. how.NoWayBack ? [new CutoverStep("close the new side", CloseAsync, async token => { if (_closed && !_switching) await new PairFence(session.New, _tables, session.Id).LowerAsync(token); })] : Array.Empty<ICutoverStep>(),
            new CutoverStep("drain", async token =>
            {
                await session.DrainAsync(back: false, found, token);
                Failpoints.Hit(Failpoints.Drained);
            }),
            .. BringingStrays("bring over the rest of it", back: false, tell: false),
            .. _unstreamed.BehindFence(back: false),
            new CutoverStep("sequences", async token =>
            {
                await PairSequences.CarryAsync(session.Old, session.New, token);
                Failpoints.Hit(Failpoints.SequencesCarried);
            }),
            new CutoverStep("verify", async token =>
            {
                Verification = await CompareAsync(how.Verify, "cutover-differs", "The fence was taken away; the application goes on as before.", "godwit verify --repair names the rows and puts them right from the source; then the cutover again.", token);
                await ProveAsync(back: false, token);
            }),
            new CutoverStep("arm the way back", ArmWayBackAsync, ReturnAsync),
            new CutoverStep("switch", SwitchAsync, _ => { if (how.EnvFile is { } file) EnvFile.Restore(file); return Task.CompletedTask; }),
            open,
        ];
    }

    public async Task<ImmutableArray<ICutoverStep>> BackAsync(CancellationToken ct)
    {
        var carried = await session.TablesAsync(back: true, ct);
        if (!OptionsFingerprint.IsOfPart(session.Run.Options))
        {
            (_strays, var missing) = await Strays(back: true).FindAsync(t => carried.Contains(t) || session.IsLeftBehind(t), ct);
            if (missing.Count > 0) found(new("rollback-new-tables", Severity.Warning, string.Join(", ", missing), $"{session.New.Display} has them and {session.Old.Display} has not: they and their rows stay there.", "Make them in the old side, too, without rows: a rollback brings these over."));
        }
        _tables = [.. (await session.TablesAsync(back: false, ct)).Union(carried).Union(_strays)];
        var (old, fresh) = (new PairFence(session.Old, _tables, session.Id), new PairFence(session.New, _tables, session.Id));
        FencedAt = clock.GetTimestamp();
        var switchBack = new CutoverStep("switch back", SwitchBackAsync, token =>
        {
            if (how.EnvFile is { } file) EnvFile.UndoRestore(file);
            return old.RaiseAsync(CuttingOver.Moved, token);
        });
        var open = new CutoverStep("open", OpenOldAsync) { IsDecision = true };
        if (session.Fact.State == FollowJournal.RollingBack) return [new CutoverStep("fence the new side", token => fresh.RaiseAsync(CuttingOver.MovedBack, token)), new CutoverStep("switch back", SwitchBackAsync), open];
        if (!session.Fact.IsSwitched)
        {
            if (!await old.IsRaisedAsync(ct) || await session.MovedByAnotherAsync(ct) is not null)
                throw new GodwitException(ErrorKind.Blocked, "nothing-to-roll-back", $"{session.Old.Display} was not cut over by this migration.", "godwit status shows where the migration stands.");
            return [new CutoverStep("open", async token =>
            {
                await session.DropBackAsync(token);
                if (await fresh.IsRaisedAsync(token)) await fresh.RaiseAsync(CuttingOver.MovedBack, token);
                await old.LowerAsync(token);
                await session.SayAsync(FollowJournal.RolledBack, token);
            })];
        }
        // A closed side has taken no writes: the switch was not decided when it was killed.
        if (!await HasWayBackAsync(ct) && session.Fact.State == FollowJournal.Switching && await fresh.IsRaisedAsync(ct)) return [new CutoverStep("fence the new side", token => fresh.RaiseAsync(CuttingOver.MovedBack, token)), switchBack, open];
        if (!await HasWayBackAsync(ct))
            throw new GodwitException(ErrorKind.Blocked, "rollback-would-lose", $"The cutover of {session.Old.Display} was made with --no-way-back: what was written since is not known there.", "Stay with the new side; or carry the rows over by hand.");
        return
        [
            new CutoverStep("carry back", token => CatchUpAsync(back: true, token)),
            new CutoverStep("fence the new side", async token =>
            {
                FencedAt = clock.GetTimestamp();
                await fresh.RaiseAsync(CuttingOver.MovedBack, token);
                Failpoints.Hit(Failpoints.NewSideFenced);
            }, fresh.LowerAsync),
            new CutoverStep("carry back the rest", async token =>
            {
                await session.DrainAsync(back: true, found, token);
                Failpoints.Hit(Failpoints.CarriedBack);
            }),
            .. BringingStrays("bring back what is not followed", back: true, tell: true),
            .. _unstreamed.BehindFence(back: true),
            new CutoverStep("sequences", token => PairSequences.CarryAsync(session.New, session.Old, token)),
            new CutoverStep("compare", async token =>
            {
                Verification = await CompareAsync(how.Verify ?? VerifyMode.Full, "rollback-differs", "The new side is the one in use, as before.", "godwit verify names the rows: put them right by hand on the old side, then the rollback again.", token);
                await ProveAsync(back: true, token);
            }),
            switchBack,
            open,
        ];
    }

    private async Task SwitchBackAsync(CancellationToken ct)
    {
        await new PairFence(session.Old, _tables, session.Id).AdmitAsync(ct);
        if (how.EnvFile is { } file) EnvFile.Restore(file, undoable: true);
        await command(how.OnSwitch, ct);
        Failpoints.Hit(Failpoints.SwitchedBack);
    }

    private async Task OpenOldAsync(CancellationToken ct)
    {
        await session.SayAsync(FollowJournal.RollingBack, ct);
        Failpoints.Hit(Failpoints.RollingBack);
        var old = new PairFence(session.Old, _tables, session.Id);
        // Where an earlier run has opened it, the application has written since.
        if (await old.IsRaisedAsync(ct)) await SkipReturnedAsync(ct);
        Failpoints.Hit(Failpoints.WritesSkipped);
        await old.LowerAsync(ct);
        OpenedAt = clock.GetTimestamp();
        Failpoints.Hit(Failpoints.SourceOpened);
        await session.DropBackAsync(ct);
        Failpoints.Hit(Failpoints.WayBackForgotten);
        await session.SayAsync(FollowJournal.RolledBack, ct);
        Failpoints.Hit(Failpoints.RolledBack);
        if (how.EnvFile is { } file) EnvFile.Forget(file);
    }

    /// <summary>Everything up to here came from Godwit, or is here already: the way forward begins after it. Call behind the old side's fence.</summary>
    private async Task SkipReturnedAsync(CancellationToken ct)
    {
        var here = await session.Origin(back: false).NowAsync(ct);
        await using var connection = await session.New.ConnectAsync(ct);
        try
        {
            await StreamFacts.MoveAsync(connection, session.Forward.Name, here, ct);
        }
        catch (NpgsqlException e)
        {
            throw session.New.Map(e, "writing the journal");
        }
    }

    /// <summary>What an application that comes up at the new side writes while the switch may still fail could not come back.</summary>
    private async Task CloseAsync(CancellationToken ct)
    {
        var fence = new PairFence(session.New, _tables, session.Id);
        if (await fence.IsRaisedAsync(ct)) return;
        _closed = true;
        await fence.RaiseAsync(CuttingOver.NotOpen, ct, tablesOnly: true);
        Failpoints.Hit(Failpoints.NewSideClosed);
    }

    /// <summary>A switch that failed halfway may have let the application write to the new side: that comes back before the old side opens.</summary>
    private async Task ReturnAsync(CancellationToken ct)
    {
        if (!_switching) return;
        await new PairFence(session.New, _tables, session.Id).RaiseAsync(CuttingOver.MovedBack, ct);
        if (how.NoWayBack) return;
        await session.DrainAsync(back: true, found, ct);
        await _unstreamed.BringObjectsAsync(back: true, ct);
        await PairSequences.CarryAsync(session.New, session.Old, ct);
        await SkipReturnedAsync(ct);
        // Everything is here again: the next cutover begins anew, with a way back of its own.
        await session.SayAsync(FollowJournal.Fencing, ct);
    }

    private async Task CatchUpAsync(bool back, CancellationToken ct)
    {
        var (from, to) = back ? (session.New, session.Old) : (session.Old, session.New);
        for (var pass = 0; pass < CuttingOver.CatchUpPasses; pass++)
        {
            await session.DrainAsync(back, found, ct);
            if (await LagAsync(back, ct) < SmallLag) return;
        }
        throw new GodwitException(ErrorKind.Blocked, "cutover-lagging", $"{to.Display} does not catch up with {from.Display}: it is written to faster than changes are applied.", "Try again when less is written; godwit status shows lag and slope.");
    }

    /// <summary>Materialized views are no part of the stream: those of the new side are as old as the copy. Before the fence, for that may take a while; what came meanwhile is caught up with.</summary>
    private async Task RefreshAsync(CancellationToken ct)
    {
        var views = session.Plan.PostData.Where(s => s.Kind == StepKind.Refresh).ToList();
        if (views.Count == 0) return;
        await using (var connection = await session.New.DefineAsync(ct))
            foreach (var view in views)
            {
                try
                {
                    // It takes as long as its query.
                    await using var command = new NpgsqlCommand($"begin; {view.Sql}; commit", connection) { CommandTimeout = 0 };
                    await command.ExecuteNonQueryAsync(ct);
                }
                catch (PostgresException e)
                {
                    await ExecuteAsync(connection, "rollback", ct);
                    found(new("cutover-view-not-refreshed", Severity.Warning, view.Subject, $"It holds what it held when it was copied: refreshing it failed (SQLSTATE {e.SqlState}): {e.MessageText}", "REFRESH MATERIALIZED VIEW as its owner."));
                }
                catch (NpgsqlException e)
                {
                    throw session.New.Map(e, $"Refreshing {view.Subject}");
                }
            }
        await CatchUpAsync(back: false, ct);
    }

    /// <summary>Bytes that are written and not applied.</summary>
    private async Task<long> LagAsync(bool back, CancellationToken ct)
    {
        var (from, to, feed) = back ? (session.New, session.Old, session.Back) : (session.Old, session.New, session.Forward);
        await using var there = await from.ConnectAsync(ct);
        await using var here = await to.ConnectAsync(ct);
        try
        {
            return await StreamFacts.ReadAsync(here, feed.Name, ct) is { } fact && await session.Origin(back).StateAsync(there, fact.Applied, ct) is { } state ? state.Lag : 0;
        }
        catch (NpgsqlException e)
        {
            throw from.Map(e, "Looking how far the stream is");
        }
    }

    /// <summary>Before the fence: making a slot waits for every transaction that runs at the new side.</summary>
    private async Task MakeWayBackAsync(CancellationToken ct)
    {
        if (how.NoWayBack)
        {
            // Of a cutover that was killed before its switch.
            await session.DropBackAsync(ct);
            return;
        }
        var origin = session.Origin(back: true);
        await origin.PublishAsync(_tables, ct);
        Failpoints.Hit(Failpoints.TablesPublished);
        (await origin.BeginAsync(ct)).Dispose();
        Failpoints.Hit(Failpoints.WayBackMade);
    }

    /// <summary>What was written to the new side up to now came from the old one.</summary>
    private async Task ArmWayBackAsync(CancellationToken ct)
    {
        if (how.NoWayBack) return;
        var here = await session.Origin(back: true).NowAsync(ct);
        await using var connection = await session.Old.DefineAsync(ct);
        try
        {
            await StreamFacts.StartAsync(connection, session.Back, session.Id, here, ct);
            Failpoints.Hit(Failpoints.BackArmed);
        }
        catch (NpgsqlException e)
        {
            throw session.Old.Map(e, "Arming the way back");
        }
    }

    private async Task<bool> HasWayBackAsync(CancellationToken ct)
    {
        await using var connection = await session.Old.ConnectAsync(ct);
        return await StreamFacts.ReadAsync(connection, session.Back.Name, session.Id, ct) is not null;
    }

    private async Task SwitchAsync(CancellationToken ct)
    {
        _switching = true;
        await session.SayAsync(FollowJournal.Switching, ct);
        Failpoints.Hit(Failpoints.Switching);
        await new PairFence(session.New, _tables, session.Id).AdmitAsync(ct);
        if (how.EnvFile is { } file) EnvFile.Apply(file, how.Env);
        await command(how.OnSwitch, ct);
        Failpoints.Hit(Failpoints.Switched);
    }

    private async Task<VerifyReport?> CompareAsync(VerifyMode? mode, string code, string state, string remedy, CancellationToken ct)
    {
        if (mode is null) return null;
        var report = await DifferencesAsync(mode.Value, _tables, ct);
        return report.Tables.FirstOrDefault(t => t.Verdict == Verdict.Different) is { } table
            ? throw new GodwitException(ErrorKind.Blocked, code, $"{table.Table} differs between the two databases in {table.DifferentRows} row(s). {state}", remedy)
            : report;
    }

    private StrayTables Strays(bool back) => back ? new(session.New, session.Old, session.Run.Id) : new(session.Old, session.New, session.Run.Id);

    /// <summary>Tables that no stream brings, where they differ. Before the fence, so that little is left for behind it.</summary>
    private IEnumerable<CutoverStep> BringingStrays(string name, bool back, bool tell)
    {
        if (_strays.Count > 0) yield return new(name, BringAsync);

        async Task BringAsync(CancellationToken ct)
        {
            var equal = (await DifferencesAsync(VerifyMode.Full, _strays, ct)).Tables.Where(t => t.Verdict == Verdict.Equal).Select(t => t.Table).ToHashSet(StringComparer.Ordinal);
            var brought = new List<string>();
            foreach (var stray in _strays.Where(t => !equal.Contains(t.ToString())))
                brought.Add($"{stray} ({await Strays(back).BringAsync(stray, ct)} row(s))");
            if (!tell) return;
            var so = brought.Count == 0 ? "They are equal now" : $"Brought {(back ? "back" : "over")}: {string.Join(", ", brought)}";
            found(new("cutover-not-followed", Severity.Warning, string.Join(", ", _strays), $"No stream brings their rows: they were made since the migration began, detached from a table that is followed, or are unlogged. {so}{(back ? "" : "; what is written to them until the fence is brought over behind it")}, each table as a whole.",
                $"Where one of them is large, writes are refused for as long as that takes{(back ? "" : "; migrate again with --if-exists replace --follow to have them followed")}. What a table held otherwise is kept in godwit.repaired there."));
        }
    }

    private async Task<VerifyReport> DifferencesAsync(VerifyMode mode, List<SqlName> tables, CancellationToken ct)
    {
        await using var there = await TargetDatabase.OpenAsync(ConnectionSettings.From(source.Settings, "source"), options.Jobs + 2, ct);
        return await new PairVerifier(there, target, new CuttingOver.Silent(), clock).VerifyAsync(new(mode, options.Jobs) { Tables = [.. tables.Select(t => t.ToString())] }, ct);
    }

    /// <summary>The log itself says whether anything was written behind the fence.</summary>
    private async Task ProveAsync(bool back, CancellationToken ct)
    {
        if ((await session.DrainAsync(back, found, ct)).Changes is not (> 0 and var leaked)) return;
        var end = back ? session.New : session.Old;
        throw new GodwitException(ErrorKind.Blocked, "fence-leaked", $"{leaked} row(s) of {end.Display} were changed behind the fence.", "Find the writer that has session_replication_role or godwit.pass set, stop it, and cut over again.");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
