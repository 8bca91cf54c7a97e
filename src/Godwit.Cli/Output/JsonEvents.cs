using Godwit.Cli.Terminal;

namespace Godwit.Cli.Output;

/// <summary>--json-events: every event as a line of JSON; a table's progress at most four times a second.</summary>
internal sealed class JsonEvents(TimeProvider clock, TextWriter output) : ProgressView(clock)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, TimeSpan> _last = [];

    protected override void Show(MigrationEvent happened)
    {
        var age = State.Age;
        if (happened is MigrationEvent.TableProgress moving)
        {
            if (_last.TryGetValue(moving.Table, out var last) && age - last < Interval) return;
            _last[moving.Table] = age;
        }
        output.WriteLine(CliJson.Text(Line(happened) with { Seconds = Math.Round(age.TotalSeconds, 3) }, indented: false));
        output.Flush();
    }

    private static EventLine Line(MigrationEvent happened) => happened switch
    {
        MigrationEvent.StageStarted e => new("stage_started") { Stage = e.Stage, Description = e.Description },
        MigrationEvent.StageFinished e => new("stage_finished") { Stage = e.Stage, ElapsedSeconds = e.Elapsed.TotalSeconds },
        MigrationEvent.TableStarted e => new("table_started") { Stage = e.Stage, Table = e.Table, Rows = e.Rows },
        MigrationEvent.TableProgress e => new("table_progress") { Stage = e.Stage, Table = e.Table, Rows = e.Rows, Bytes = e.Bytes },
        MigrationEvent.RowsCommitted e => new("rows_committed") { Stage = Stage.Copy, Table = e.Table, Rows = e.Rows },
        MigrationEvent.TableFinished e => new("table_finished") { Stage = e.Stage, Table = e.Table, Rows = e.Rows, Misfits = e.Misfits, ElapsedSeconds = e.Elapsed.TotalSeconds },
        MigrationEvent.StepStarted e => new("step_started") { Step = e.Id, Subject = e.Subject },
        MigrationEvent.StepFinished e => new("step_finished") { Step = e.Id, Subject = e.Subject, ElapsedSeconds = e.Elapsed.TotalSeconds },
        MigrationEvent.Found e => new("found") { Finding = e.Finding },
        MigrationEvent.Resumed e => new("resumed") { Rows = e.DoneRows },
        _ => new("other"),
    };
}
