using Godwit.Schema;
using Godwit.Target;
using Godwit.Wire;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>What applying a batch came to.</summary>
internal sealed record BatchOutcome(long Changes, IReadOnlyList<Conflict> Conflicts, IReadOnlyList<SqlName> AddedColumns);

/// <summary>
/// Applies batches: first their net effect, in a few statements for many rows; where that does not touch the rows that it should, the same batch
/// again, change by change, so that what is in the way is found and named. The position is stored in the transaction of the changes.
/// One thread. After an exception the connection is of no use: its transaction is rolled back with it.
/// </summary>
internal sealed class BatchWriter : IDisposable
{
    private const string Save = "savepoint godwit_batch", Back = "rollback to savepoint godwit_batch", Release = "release savepoint godwit_batch";
    private const string SaveRow = "savepoint godwit_row", BackRow = "rollback to savepoint godwit_row", ReleaseRow = "release savepoint godwit_row";

    private const string BeginName = "godwit_begin", DeferName = "godwit_defer", DurablyName = "godwit_durably", CommitName = "godwit_commit";
    private const string Durability = "godwit.synchronous_commit";
    /// <summary>More cost less as arrays, and what one way to the server and back saves is little beside them.</summary>
    private const int FewChanges = 64, FewBytes = 128 * 1024;

    private readonly WireConnection _connection;
    private readonly Pipeline _pipeline, _control;
    private readonly NetStatements _statements;
    private readonly TableResolver _resolver;
    private readonly StreamPosition _position;
    private readonly Dictionary<Relation, AppliedTable?> _tables = new(ReferenceEqualityComparer.Instance);
    private readonly List<Conflict> _conflicts = [];
    /// <summary>Its statements wait in the pipeline, to be sent when it is applied.</summary>
    private ChangeBatch? _ready;
    private bool _inTransaction;
    private long _changes;

    private BatchWriter(WireConnection connection, StreamPosition position, TableResolver resolver)
    {
        (_connection, _position, _resolver) = (connection, position, resolver);
        (_pipeline, _control) = (new(connection), new(connection));
        _statements = new(_pipeline);
    }

    /// <summary>Prepares what every transaction says, in one way to the server and back.</summary>
    public static BatchWriter Open(WireConnection connection, StreamPosition position, TableResolver resolver)
    {
        var writer = new BatchWriter(connection, position, resolver);
        writer._control.Prepare(BeginName, "begin", []);
        writer._control.Prepare(DeferName, "set constraints all deferred", []);
        // What commits wait for is kept, for those that are to.
        writer._control.Execute($"select pg_catalog.set_config('{Durability}', pg_catalog.current_setting('synchronous_commit'), false)");
        writer._control.Execute("set synchronous_commit = off");
        writer._control.Execute($"set {AppliedTable.Touched} = 0");
        writer._control.Prepare(DurablyName, $"select pg_catalog.set_config('synchronous_commit', pg_catalog.current_setting('{Durability}'), true)", []);
        writer._control.Prepare(CommitName, "commit", []);
        position.Prepare(writer._control);
        writer._control.Run(out var error);
        return error is null ? writer : throw error;
    }

    /// <summary>
    /// <paramref name="flush"/>: the commit waits until the log is on the disk, and with it that of every commit before. Without it others see the rows
    /// at once; a server that crashes may lose them, and the position with them.
    /// <paramref name="following"/>: the batch that will come next, where there is one already; it is made ready while the server works, and sent when it is its turn.
    /// </summary>
    public BatchOutcome Apply(ChangeBatch batch, bool flush, Func<ChangeBatch?> following)
    {
        if (IsFew(batch) && AtOnce(batch, flush)) return new(Kept(batch), [], []);
        var added = new List<SqlName>();
        GodwitException? stop = null;
        if (ReferenceEquals(_ready, batch)) StartTransaction();
        else stop = Begin(batch, added);
        if (batch.Changes.Count > 0)
        {
            if (!ReferenceEquals(_ready, batch)) Build(batch);
            _ready = null;
            _pipeline.Send();
            var expected = _statements.TakeExpected();
            // After few there is no backlog, and who waits for the end of the next transaction keeps these from their commit.
            if (!batch.IsOpen && batch.Changes.Count > FewChanges && stop is null && _resolver.Deferred.Count == 0 && following() is { } next) MakeReady(next);
            if (!IsRight(expected, _pipeline.Answers(out var error), error)) Strictly(batch);
            _changes += Kept(batch);
        }
        foreach (var sql in _resolver.Deferred) _statements.Execute(sql);
        if (_resolver.Deferred.Count > 0) Must();
        _resolver.Deferred.Clear();
        if (batch.IsOpen) return new(0, [], added);
        Commit(batch, flush);
        if (stop is not null) throw stop;
        return new(_changes, [.. _conflicts], added);
    }

    /// <summary>How many changes are of tables that are applied.</summary>
    private long Kept(ChangeBatch batch)
    {
        long kept = 0;
        foreach (var change in batch.Changes)
            if (change.Kind == ChangeKind.Truncate || _tables[batch.Tables[change.Table]] is not null) kept++;
        return kept;
    }

    private List<Relation> Unknown(ChangeBatch batch) => [.. batch.Tables.Concat(batch.Truncations.SelectMany(t => t.Tables)).Where(t => !_tables.ContainsKey(t)).Distinct()];

    private void Open()
    {
        _statements.Call(BeginName);
        _statements.Call(DeferName);
    }

    private bool IsFew(ChangeBatch batch) => !_inTransaction && _ready is null && !batch.IsOpen && batch.Changes.Count is > 0 and <= FewChanges && batch.Used <= FewBytes
        && batch.Truncations.Count == 0 && _resolver.Deferred.Count == 0 && batch.Tables.TrueForAll(t => _tables.TryGetValue(t, out var table) && table is not { ByWholeRow: true });

    /// <summary>
    /// The whole transaction in one piece, from one Sync to the next, which is what begins and commits it: it fails by itself where it does not touch the
    /// rows that it should, or where a constraint would have to wait for its end. False: nothing of it was done.
    /// </summary>
    private bool AtOnce(ChangeBatch batch, bool flush)
    {
        (_pipeline.Hold, _statements.ByRow) = (true, true);
        try
        {
            BuildNets(batch);
        }
        catch (GodwitException)
        {
            // It says so again on the longer way.
            Unmake();
            return false;
        }
        finally
        {
            (_pipeline.Hold, _statements.ByRow) = (false, false);
        }
        if (flush) _statements.Call(DurablyName);
        _position.Mark(_pipeline, batch, Kept(batch), 0, _statements.TakeExpected().Where(rows => rows > 0).Sum());
        Failpoints.Hit(Failpoints.ChangesWritten);
        _pipeline.Run(out var error);
        if (error is null)
        {
            Failpoints.Hit(Failpoints.ChangesApplied);
            return true;
        }
        if (TargetErrors.IsTransient(error)) throw error;
        _statements.Forget(_tables.Values.OfType<AppliedTable>());
        return false;
    }

    private void StartTransaction()
    {
        _inTransaction = true;
        _changes = 0;
        _conflicts.Clear();
    }

    /// <summary>What cannot be made ready is made in its turn.</summary>
    private void MakeReady(ChangeBatch next)
    {
        if (next.IsOpen || next.Changes.Count == 0 || Unknown(next).Count > 0) return;
        _pipeline.Hold = true;
        try
        {
            Open();
            Build(next);
            _ready = next;
        }
        catch (GodwitException)
        {
            // It says so again in its turn, when what comes before it is durable.
            Unmake();
        }
        finally
        {
            _pipeline.Hold = false;
        }
    }

    private void Unmake()
    {
        _ready = null;
        _pipeline.Discard();
        _statements.TakeExpected();
        // Statements that were to be prepared are not.
        _statements.Forget(_tables.Values.OfType<AppliedTable>());
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>Returns why to stop after this batch: a table has changed, and what came before that is applied first, so that the user finds both sides alike.</summary>
    private GodwitException? Begin(ChangeBatch batch, List<SqlName> added)
    {
        var unknown = Unknown(batch);
        if (_inTransaction) _statements.Execute(Release);
        else
        {
            Open();
            StartTransaction();
        }
        if (unknown.Count == 0) return null;
        Must();
        foreach (var relation in unknown)
        {
            try
            {
                _tables[relation] = _resolver.Resolve(relation, added);
            }
            catch (GodwitException e) when (e.Code == TableResolver.SchemaChanged && batch.CutBefore(relation) && batch.Changed().All(_tables.ContainsKey))
            {
                return e;
            }
        }
        return null;
    }

    private void Build(ChangeBatch batch)
    {
        _statements.Execute(Save);
        BuildNets(batch);
    }

    private void BuildNets(ChangeBatch batch)
    {
        var nets = new TableNet?[batch.Tables.Count];
        void Emit()
        {
            for (var i = 0; i < nets.Length; i++)
            {
                if (nets[i] is { } net) _statements.Add(net, batch);
                nets[i] = null;
            }
        }
        foreach (var change in batch.Changes)
        {
            if (change.Kind == ChangeKind.Truncate)
            {
                Emit();
                Truncate(batch.Truncations[change.New], _statements.Execute);
                continue;
            }
            if (_tables[batch.Tables[change.Table]] is not { } table) continue;
            if ((nets[change.Table] ??= new(table, batch)).Add(change)) continue;
            // It does not follow from what came before, or must stay in its place: what came before goes first.
            Emit();
            if ((nets[change.Table] = new(table, batch)).Add(change)) continue;
            nets[change.Table] = null;
            if (change.Kind != ChangeKind.Update || table.ByWholeRow) throw Unidentified(table);
            _statements.Move(table, batch, change);
        }
        Emit();
    }

    private bool Run(out PostgresException? error) => IsRight(_statements.TakeExpected(), _pipeline.Run(out error), error);

    private bool IsRight(List<long> expected, List<long> rows, PostgresException? error)
    {
        var right = error is null && rows.Zip(expected).All(p => p.Second < 0 || p.First == p.Second);
        if (right) return true;
        if (error is not null && TargetErrors.IsTransient(error)) throw error;
        // Nobody knows which statements the session has prepared; and what was made ready relies on them.
        if (_ready is not null) Unmake();
        else if (error is not null) _statements.Forget(_tables.Values.OfType<AppliedTable>());
        return false;
    }

    private void Must()
    {
        if (Run(out var error)) return;
        throw (Exception?)error ?? new InvalidOperationException("A statement of the follower touched other rows than it should.");
    }

    // By a pipeline of its own: what is made ready follows it.
    private void Commit(ChangeBatch batch, bool flush)
    {
        // What the transaction still has to say (a savepoint's end, or its own beginning) goes first.
        if (_ready is null && _statements.IsWaiting) Must();
        if (flush) _control.Call(DurablyName);
        foreach (var sql in _position.ConflictSql(_conflicts)) _control.Execute(sql);
        _position.Mark(_control, batch, _changes, _conflicts.Count);
        Failpoints.Hit(Failpoints.ChangesWritten);
        _control.Call(CommitName);
        _control.Run(out var error);
        if (error is not null) throw error;
        Failpoints.Hit(Failpoints.ChangesApplied);
        _inTransaction = false;
    }

    private void Strictly(ChangeBatch batch)
    {
        _statements.Execute(Back);
        foreach (var change in batch.Changes)
        {
            if (change.Kind == ChangeKind.Truncate)
            {
                TruncateStrictly(batch.Truncations[change.New]);
                continue;
            }
            if (_tables[batch.Tables[change.Table]] is not { } table) continue;
            _statements.Execute(SaveRow);
            One(table, batch, change);
            if (Run(out var error)) _statements.Execute(ReleaseRow);
            else Resolve(table, batch, change, error);
        }
    }

    private void One(AppliedTable table, ChangeBatch batch, in Change change)
    {
        var net = new TableNet(table, batch);
        if (net.Add(change)) _statements.Add(net, batch);
        else if (change.Kind == ChangeKind.Update && !table.ByWholeRow) _statements.Move(table, batch, change);
        else throw Unidentified(table);
    }

    /// <summary>The source is right: where the whole row is known, it is put in place of what is there. Otherwise the conflict stays, counted and named.</summary>
    private void Resolve(AppliedTable table, ChangeBatch batch, in Change change, PostgresException? error)
    {
        _statements.Execute(BackRow);
        if (error is not null && error.SqlState != PostgresErrorCodes.UniqueViolation) throw Refused(table, error);
        var repaired = false;
        if (change.New >= 0 && !table.ByWholeRow && Whole(batch, change, out var row))
        {
            var net = new TableNet(table, batch);
            if (change.Old >= 0) net.Add(new(ChangeKind.Delete, change.OldKind, change.Table, change.Old, -1));
            net.Add(new(ChangeKind.Delete, OldRow.Key, change.Table, row, -1));
            net.Add(new(ChangeKind.Insert, OldRow.None, change.Table, -1, row));
            _statements.Add(net, batch);
            _statements.ExpectAnything();
            if (!Run(out var again)) throw Refused(table, again!);
            repaired = true;
        }
        else if (error is not null) throw Refused(table, error);
        else if (table.ByWholeRow)
        {
            // What could be done of it: the new row.
            if (change.New >= 0)
            {
                var net = new TableNet(table, batch);
                net.Add(new(ChangeKind.Insert, OldRow.None, change.Table, -1, change.Old >= 0 ? batch.Merge(change.New, change.Old) : change.New));
                _statements.Add(net, batch);
                Must();
            }
        }
        _statements.Execute(ReleaseRow);
        _conflicts.Add(new(table.Target.ToString(), error is null ? ConflictKind.Missing : ConflictKind.Duplicate, repaired || change.Kind == ChangeKind.Delete));
    }

    private static bool Whole(ChangeBatch batch, in Change change, out int row)
    {
        row = change.OldKind == OldRow.Full ? batch.Merge(change.New, change.Old) : change.New;
        foreach (var cell in batch.Row(row))
            if (cell.State == CellState.Unchanged) return false;
        return true;
    }

    private void Truncate(Truncation truncation, Action<string> execute)
    {
        var tables = truncation.Tables.Select(t => _tables[t]).OfType<AppliedTable>().ToList();
        if (tables.Count > 0) execute($"truncate {string.Join(", ", tables.Select(t => t.Target))}{(truncation.RestartIdentity ? " restart identity" : "")}");
    }

    // A table that the source does not have may refer to one of these; its rows are not Godwit's to take.
    private void TruncateStrictly(Truncation truncation)
    {
        _statements.Execute(SaveRow);
        Truncate(truncation, _statements.Execute);
        if (Run(out _))
        {
            _statements.Execute(ReleaseRow);
            return;
        }
        _statements.Execute(BackRow);
        foreach (var table in truncation.Tables.Select(t => _tables[t]).OfType<AppliedTable>()) _statements.Execute($"delete from {table.Target}");
        Must();
        _statements.Execute(ReleaseRow);
    }

    private static GodwitException Unidentified(AppliedTable table) =>
        new(ErrorKind.Blocked, "follow-row-unknown", $"A row of {table.Relation} was changed, and the stream does not say which: the table has no key and no REPLICA IDENTITY FULL.",
            $"On the source: ALTER TABLE {new SqlName(table.Relation.Schema, table.Relation.Name)} REPLICA IDENTITY FULL; then migrate again with --if-exists replace --follow: the change that is in the stream stays without a name.");

    private static Exception Refused(AppliedTable table, PostgresException error) =>
        error.SqlState[..2] is "22" or "23" ? new ChangeRefused(new(table.Relation.Schema, table.Relation.Name), table.Target, error) : TargetErrors.Map(error, $"applying changes to {table.Target}");
}
