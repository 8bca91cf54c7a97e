namespace Godwit.Cli.Terminal;

/// <summary>Progress where nothing can be drawn: a line when a stage ends, and one every ten seconds.</summary>
internal sealed class PlainProgress : ProgressView
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Shell _shell;
    private readonly bool _verbose;

    public PlainProgress(Invocation invocation) : base(invocation.Shell.Clock)
    {
        _shell = invocation.Shell;
        _verbose = invocation.Global.Verbose;
    }

    public override async Task<T> AroundAsync<T>(Func<Task<T>> work)
    {
        await using var timer = _shell.Clock.CreateTimer(_ => Tick(), null, Interval, Interval);
        return await work();
    }

    protected override void Show(MigrationEvent happened)
    {
        switch (happened)
        {
            case MigrationEvent.StageFinished e:
                Write($"{StageNames.Of(e.Stage)}: done in {Units.Time(e.Elapsed)}");
                break;
            case MigrationEvent.Resumed e:
                Write($"resuming the run of {e.Started:yyyy-MM-dd HH:mm} UTC: {Units.Plural(e.DoneRows, "row")} already loaded");
                break;
            case MigrationEvent.TableFinished e when _verbose:
                Write($"{StageNames.Of(e.Stage)}: {e.Table}: {Units.Plural(e.Rows, "row")} in {Units.Time(e.Elapsed)}");
                break;
            case MigrationEvent.StepFinished e when _verbose:
                Write($"{e.Id}: done in {Units.Time(e.Elapsed)}");
                break;
            case MigrationEvent.Found e when _verbose:
                Write($"found {e.Finding.Code}: {e.Finding.Subject}");
                break;
        }
    }

    private void Tick()
    {
        lock (State.Gate)
        {
            if (State.Current is not { } stage) return;
            var tables = State.Tables.Where(t => t.Stage == stage && t.Elapsed is null).ToList();
            foreach (var table in tables)
            {
                var seconds = Math.Max(0.001, State.Since(table.Started).TotalSeconds);
                var rate = table.Rows / seconds;
                var eta = rate > 0 && table.Total > table.Rows ? $", ETA {Units.Time(TimeSpan.FromSeconds((table.Total - table.Rows) / rate))}" : "";
                Write($"{StageNames.Of(stage)}: {table.Table}: {Units.Count(table.Rows)} of {Units.Plural(table.Total, "row")} ({table.Share:P0}), " +
                    $"{Units.Rate(rate)} rows/s, {Units.Bytes(table.Bytes / seconds)}/s{eta}");
            }
            foreach (var (subject, started) in State.RunningSteps.Values)
                Write($"{StageNames.Of(stage)}: {subject}: {Units.Time(State.Since(started))}");
            if (tables.Count == 0 && State.RunningSteps.Count == 0) Write($"{StageNames.Of(stage)}: {State.Description}");
        }
    }

    private void Write(string line) => _shell.Error.WriteLine(_shell.Secrets.Apply($"[{State.Age.TotalSeconds,7:0.0} s] {line}"));
}

internal static class StageNames
{
    public static string Of(Stage stage) => stage switch
    {
        Stage.PostData => "build",
        _ => stage.ToString().ToLowerInvariant(),
    };
}
