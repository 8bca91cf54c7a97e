using System.Globalization;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Godwit.Cli.Terminal;

/// <summary>
/// Progress on a terminal: the stages, one bar a table with rows/s, MB/s and ETA, the statements that run. It is cleared at the end,
/// where the closing table takes its place.
/// </summary>
internal sealed class LiveProgress : ProgressView
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);
    private const int Lines = 14;

    private readonly Shell _shell;
    private readonly Screen _screen;
    private string? _notice;

    public LiveProgress(Shell shell, Screen screen) : base(shell.Clock)
    {
        _shell = shell;
        _screen = screen;
    }

    public override async Task<T> AroundAsync<T>(Func<Task<T>> work)
    {
        _shell.Notice = text => _notice = text;
        try
        {
            return await _screen.Error.Live(Render(_screen.Width)).AutoClear(true).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
            {
                using var stop = new CancellationTokenSource();
                var drawing = DrawAsync(live, stop.Token);
                try
                {
                    return await work();
                }
                finally
                {
                    await stop.CancelAsync();
                    // Awaited, so that nothing is drawn after the run; not unwrapped: a picture that fails is no reason for a run to fail.
                    await Task.WhenAny(drawing);
                }
            });
        }
        finally
        {
            _shell.Notice = null;
        }
    }

    protected override void Show(MigrationEvent happened) { }

    private async Task DrawAsync(LiveDisplayContext live, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Refresh, _shell.Clock);
        while (await timer.WaitForNextTickAsync(ct)) live.UpdateTarget(Render(_screen.Width));
    }

    /// <summary>The picture of this moment, for a terminal of that width.</summary>
    public IRenderable Render(int width)
    {
        var lines = new List<string>();
        lock (State.Gate)
        {
            lines.Add(Stages());
            var current = State.Tables.Where(t => t.Stage == State.Current).ToList();
            // Tables that are done make room for those that run, the largest first.
            var shown = current.Count <= Lines ? current
                : [.. current.OrderBy(t => t.Elapsed is not null).ThenByDescending(t => t.Total).Take(Lines)];
            var name = Math.Clamp(shown.Count == 0 ? 8 : shown.Max(t => t.Table.Length), 8, width / 4);
            lines.AddRange(shown.Select(t => Bar(t, name, width)));
            if (current.Count > shown.Count) lines.Add($"  [grey]and {Units.Plural(current.Count - shown.Count, "more table")}[/]");
            foreach (var (subject, started) in State.RunningSteps.Values.OrderBy(s => s.Started).Take(4))
                lines.Add($"  {Markup.Escape(Units.Fit(subject, width - 16))}  [grey]{Units.Time(State.Since(started))}[/]");
            if (State.Warnings > 0) lines.Add($"  [yellow]{Units.Plural(State.Warnings, "warning")} so far[/]");
        }
        if (_notice is { } notice) lines.Add($"[yellow]{Markup.Escape(notice)}[/]");
        return new Rows(lines.Select(line => new Markup(line)));
    }

    private string Stages()
    {
        var text = new StringBuilder();
        foreach (var (stage, _) in State.Finished) text.Append($"[green]✓[/] [grey]{StageNames.Of(stage)}[/]  ");
        if (State.Current is { } current && !State.IsFinished(current))
            text.Append($"[bold]{StageNames.Of(current)}[/] [grey]{Markup.Escape(State.Description)}  {Units.Time(State.Age)}[/]");
        // Never empty: the live display cannot measure a picture without lines.
        return text.Length == 0 ? "[grey]starting[/]" : text.ToString().TrimEnd();
    }

    private string Bar(TableState table, int nameWidth, int width)
    {
        var seconds = Math.Max(0.001, (table.Elapsed ?? State.Since(table.Started)).TotalSeconds);
        var rate = table.Rows / seconds;
        var head = "  " + Markup.Escape(Units.Fit(table.Table, nameWidth).PadRight(nameWidth));
        var counts = $"{(table.Share * 100).ToString("0", CultureInfo.InvariantCulture),4} %{Units.Count(table.Rows),13} rows";
        var speed = table.Elapsed is { } elapsed
            ? $"  done in {Units.Time(elapsed)}"
            : $"{Units.Rate(rate),7}/s{Units.Bytes(table.Bytes / seconds),10}/s  " +
                (rate > 0 && table.Total > table.Rows ? $"ETA {Units.Time(TimeSpan.FromSeconds((table.Total - table.Rows) / rate))}" : "");
        // 38: the widest speed column, so that bars of running and finished tables line up.
        var bar = Math.Clamp(width - nameWidth - counts.Length - 38, 6, 60);
        var full = (int)(table.Share * bar);
        var colour = table.Elapsed is null ? "blue" : "green";
        return $"{head}  [{colour}]{new string('━', full)}[/][grey]{new string('─', bar - full)}[/]{counts}[grey]{speed}[/]";
    }
}
