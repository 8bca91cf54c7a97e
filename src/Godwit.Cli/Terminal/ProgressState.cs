namespace Godwit.Cli.Terminal;

/// <summary>One table in one stage. Times are the clock's timestamps.</summary>
internal sealed class TableState(Stage stage, string table, long total, long started)
{
    public Stage Stage { get; } = stage;
    public string Table { get; } = table;
    public long Total { get; set; } = total;
    public long Started { get; } = started;
    public long Rows { get; set; }
    public long Bytes { get; set; }
    public long Misfits { get; set; }
    public TimeSpan? Elapsed { get; set; }

    public double Share => Elapsed is not null ? 1 : Total <= 0 ? 0 : Math.Min(1, (double)Rows / Total);
}

/// <summary>
/// A run as its events tell it. Events come from several threads and are handled at once, in the caller's thread, under one lock:
/// nothing is posted to another context, so nothing arrives after the run has ended.
/// </summary>
internal sealed class ProgressState(TimeProvider clock)
{
    private readonly Dictionary<(Stage, string), TableState> _byName = [];
    private readonly Dictionary<string, long> _committed = [];

    public Lock Gate { get; } = new();
    public long Began { get; } = clock.GetTimestamp();
    public Stage? Current { get; private set; }
    public string Description { get; private set; } = "";
    public List<(Stage Stage, TimeSpan Elapsed)> Finished { get; } = [];
    public List<TableState> Tables { get; } = [];
    public Dictionary<string, (string Subject, long Started)> RunningSteps { get; } = [];
    public int StepsDone { get; private set; }
    public int Warnings { get; private set; }
    public long ResumedRows { get; private set; }
    /// <summary>Rows of finished chunks. Rows that are on their way are lost with their chunk.</summary>
    public long CommittedRows => _committed.Count > 0 ? _committed.Values.Sum() : ResumedRows;

    public TimeSpan Age => clock.GetElapsedTime(Began);

    public TimeSpan Since(long timestamp) => clock.GetElapsedTime(timestamp);

    public void Apply(MigrationEvent happened)
    {
        switch (happened)
        {
            case MigrationEvent.StageStarted e:
                (Current, Description) = (e.Stage, e.Description);
                break;
            case MigrationEvent.StageFinished e:
                Finished.Add((e.Stage, e.Elapsed));
                RunningSteps.Clear();
                break;
            case MigrationEvent.TableStarted e:
                Table(e.Stage, e.Table).Total = e.Rows;
                break;
            case MigrationEvent.TableProgress e:
                var moving = Table(e.Stage, e.Table);
                (moving.Rows, moving.Bytes) = (Math.Max(moving.Rows, e.Rows), Math.Max(moving.Bytes, e.Bytes));
                break;
            case MigrationEvent.RowsCommitted e:
                _committed[e.Table] = e.Rows;
                break;
            case MigrationEvent.TableFinished e:
                var done = Table(e.Stage, e.Table);
                (done.Rows, done.Misfits, done.Elapsed) = (e.Rows, e.Misfits, e.Elapsed);
                break;
            case MigrationEvent.StepStarted e:
                RunningSteps[e.Id] = (e.Subject, clock.GetTimestamp());
                break;
            case MigrationEvent.StepFinished e:
                RunningSteps.Remove(e.Id);
                StepsDone++;
                break;
            case MigrationEvent.Found { Finding.Severity: not Severity.Info }:
                Warnings++;
                break;
            case MigrationEvent.Resumed e:
                ResumedRows = e.DoneRows;
                break;
        }
    }

    public bool IsFinished(Stage stage) => Finished.Any(f => f.Stage == stage);

    private TableState Table(Stage stage, string table)
    {
        if (_byName.TryGetValue((stage, table), out var known)) return known;
        var state = new TableState(stage, table, 0, clock.GetTimestamp());
        _byName.Add((stage, table), state);
        Tables.Add(state);
        return state;
    }
}
