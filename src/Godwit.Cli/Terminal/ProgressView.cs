using Godwit.Cli.Output;
using Microsoft.Extensions.Logging;

namespace Godwit.Cli.Terminal;

/// <summary>
/// Shows a run while it goes on, and knows how far it came. What kind it is depends on where stderr goes and on --quiet and --json-events.
/// </summary>
internal abstract class ProgressView(TimeProvider clock) : IProgress<MigrationEvent>
{
    protected ProgressState State { get; } = new(clock);

    public static ProgressView For(Invocation invocation) =>
        invocation.Global.JsonEvents ? new JsonEvents(invocation.Shell.Clock, invocation.Shell.Out)
        : invocation.Global.Quiet ? new Silence(invocation.Shell.Clock)
        : invocation.Screen.IsLive ? new LiveProgress(invocation.Shell, invocation.Screen)
        : new PlainProgress(invocation);

    public void Report(MigrationEvent value)
    {
        lock (State.Gate)
        {
            State.Apply(value);
            Show(value);
        }
    }

    /// <summary>Shows the progress of <paramref name="work"/> until it ends.</summary>
    public virtual Task<T> AroundAsync<T>(Func<Task<T>> work) => work();

    /// <summary>Called under the state's lock, after the event was applied.</summary>
    protected abstract void Show(MigrationEvent happened);

    /// <summary>What a failure now means for the target, and how to go on.</summary>
    /// <param name="options">Of the run.</param>
    /// <param name="inPlace">Objects are made where they belong, as between servers.</param>
    public string Aftermath(MigrationOptions options, bool inPlace)
    {
        lock (State.Gate)
        {
            var rows = State.CommittedRows;
            if (State.Current is null or < Stage.Prepare) return "nothing was changed";
            if (State.IsFinished(Stage.Publish) || State.Current == Stage.Verify)
                return $"all tables are in place{(inPlace ? "" : " in schema " + options.TargetSchema)}, but they were not verified to the end; `godwit verify` repeats only that";
            if (options.DataOnly || options.IfExists == IfExists.Append)
                return $"rows of finished chunks stay in their tables ({Units.Count(rows)} so far); the same command resumes after them";
            if (inPlace)
                return $"what was made stands where it belongs, unfinished, with {Units.Plural(rows, "loaded row")}; rights on it come at the end. The same command resumes; with --if-exists replace it is taken away first";
            return $"schema {options.TargetSchema} is as it was; {Units.Plural(rows, "loaded row")} and what was built wait in a schema of their own. " +
                "The same command resumes; with --if-exists replace it starts over";
        }
    }

    private sealed class Silence(TimeProvider clock) : ProgressView(clock)
    {
        protected override void Show(MigrationEvent happened) { }
    }
}

/// <summary>Hands every event to the view, and the ones that tell a story to the log.</summary>
internal sealed partial class LoggedProgress(IProgress<MigrationEvent> next, ILogger logger) : IProgress<MigrationEvent>
{
    public void Report(MigrationEvent value)
    {
        switch (value)
        {
            case MigrationEvent.StageStarted e: StageStarted(logger, e.Stage, e.Description); break;
            case MigrationEvent.StageFinished e: StageFinished(logger, e.Stage, e.Elapsed); break;
            case MigrationEvent.TableFinished e: TableFinished(logger, e.Stage, e.Table, e.Rows, e.Misfits, e.Elapsed); break;
            case MigrationEvent.StepFinished e: StepFinished(logger, e.Id, e.Elapsed); break;
            case MigrationEvent.Found e: Found(logger, e.Finding.Code, e.Finding.Severity, e.Finding.Subject); break;
            case MigrationEvent.Resumed e: Resumed(logger, e.DoneRows); break;
        }
        next.Report(value);
    }

    [LoggerMessage(1001, LogLevel.Information, "stage {Stage} started: {Description}")]
    private static partial void StageStarted(ILogger logger, Stage stage, string description);

    [LoggerMessage(1002, LogLevel.Information, "stage {Stage} finished in {Elapsed}")]
    private static partial void StageFinished(ILogger logger, Stage stage, TimeSpan elapsed);

    [LoggerMessage(1003, LogLevel.Information, "{Stage} of table {Table} finished: {Rows} rows, {Misfits} misfits, {Elapsed}")]
    private static partial void TableFinished(ILogger logger, Stage stage, string table, long rows, long misfits, TimeSpan elapsed);

    [LoggerMessage(1004, LogLevel.Debug, "step {Id} finished in {Elapsed}")]
    private static partial void StepFinished(ILogger logger, string id, TimeSpan elapsed);

    [LoggerMessage(1005, LogLevel.Information, "finding {Code} ({Severity}) on {Subject}")]
    private static partial void Found(ILogger logger, string code, Severity severity, string subject);

    [LoggerMessage(1006, LogLevel.Information, "resumed with {Rows} rows already loaded")]
    private static partial void Resumed(ILogger logger, long rows);
}
