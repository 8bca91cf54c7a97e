using Godwit.Report;
using Godwit.Verify;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Godwit.Cli.Terminal;

/// <summary>What stands at the end of a run: the closing table, the findings, the verdict, what to do next.</summary>
internal static class Closing
{
    public static void Write(IAnsiConsole console, MigrationResult result, bool verbose)
    {
        console.WriteLine();
        console.Write(Table(result));
        Verdict(console, result.Verification, result.HasDifferences);
        if (ObjectReport.Counts(ObjectReport.Of(result.Plan, result.Findings)) is { Length: > 0 } counts) Line(console, "objects", $"{Markup.Escape(counts)} [grey](side by side in the report)[/]");
        FindingList.Write(console, result.Findings, verbose);
    }

    /// <summary>The same for a verification alone.</summary>
    public static void Write(IAnsiConsole console, VerifyReport report)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn(new TableColumn("[bold]table[/]"));
        foreach (var heading in new[] { "source rows", "target rows", "quarantined", "values", "time" })
            table.AddColumn(new TableColumn($"[bold]{heading}[/]").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("[bold]verified[/]").NoWrap());
        foreach (var row in report.Tables)
        {
            table.AddRow(Markup.Escape(row.Table), Units.Count(row.SourceRows), Units.Count(row.TargetRows), Quarantined(row.Quarantined),
                Units.Count(row.ValuesCompared), Units.Time(row.Elapsed), Verified(row));
        }
        console.WriteLine();
        console.Write(table);
        Verdict(console, report, otherDifferences: false);
        if (report.Basis == VerifyBasis.OneMoment) Line(console, "moment", "both sides at one moment: what waited was brought over first");
        if (report.Basis == VerifyBasis.Rechecked) Line(console, "moment", report.Looks == 1 ? "while changes were brought over" : $"while changes were brought over; tables that differed were looked at {report.Looks} times");
    }

    /// <summary>A labelled line: the labels stand in one column, long text wraps beside it.</summary>
    public static void Line(IAnsiConsole console, string label, string markup) => Line(console, label, new Markup(markup));

    public static void Line(IAnsiConsole console, string label, IRenderable content)
    {
        var grid = new Grid().AddColumn(new GridColumn().Width(10).NoWrap().PadLeft(1).PadRight(1)).AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        grid.AddRow(new Markup($"[bold]{Markup.Escape(label)}[/]"), content);
        console.Write(grid);
    }

    private static Table Table(MigrationResult result)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn(new TableColumn("[bold]table[/]"));
        foreach (var heading in new[] { "rows read", "rows written", "quarantined", "time" })
            table.AddColumn(new TableColumn($"[bold]{heading}[/]").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("[bold]verified[/]").NoWrap());
        foreach (var row in result.Tables)
        {
            table.AddRow(Markup.Escape(row.Table), Units.Count(row.RowsRead), Units.Count(row.RowsWritten), Quarantined(row.Quarantined),
                Units.Time(row.Elapsed), Verified(result.VerificationOf(row.Table)));
        }
        if (result.Tables.Length > 1)
        {
            table.AddEmptyRow();
            table.AddRow($"[bold]{Units.Plural(result.Tables.Length, "table")}[/]", Units.Count(result.Tables.Sum(t => t.RowsRead)),
                Units.Count(result.Tables.Sum(t => t.RowsWritten)), Quarantined(result.Tables.Sum(t => t.Quarantined)), Units.Time(result.Elapsed), "");
        }
        return table;
    }

    private static string Quarantined(long rows) => rows == 0 ? "[grey]0[/]" : $"[yellow]{Units.Count(rows)}[/]";

    private static string Verified(TableVerification? table) => table?.Verdict switch
    {
        Godwit.Verify.Verdict.Equal => "[green]✓ equal[/]",
        Godwit.Verify.Verdict.Different when table.DifferentRows > 0 => $"[red]✗ {Units.Count(table.DifferentRows)} differ[/]",
        Godwit.Verify.Verdict.Different => "[red]✗ different[/]",
        _ => "[yellow]– not checked[/]",
    };

    /// <summary>One clear line, then what differs, by key.</summary>
    public static void Verdict(IAnsiConsole console, VerifyReport? report, bool otherDifferences)
    {
        if (report is null)
        {
            Line(console, "verified", "[yellow]– no: verification was switched off[/]");
            return;
        }
        var rows = report.Tables.Sum(t => t.TargetRows);
        var values = report.Tables.Sum(t => t.ValuesCompared);
        var compared = report.Mode switch
        {
            VerifyMode.Full => $"every value of {Units.Plural(rows, "row")} compared ({Units.Plural(values, "value")})",
            VerifyMode.Sample => $"the counts of {Units.Plural(report.Tables.Length, "table")} and a sample of {Units.Plural(values, "value")} compared",
            _ => $"the counts of {Units.Plural(report.Tables.Length, "table")} compared, no values",
        };
        var time = $"in {Units.Time(report.Elapsed)}";
        Line(console, "verified", report.Verdict switch
        {
            Godwit.Verify.Verdict.Equal when otherDifferences => $"[green]✓ what was loaded is equal[/]: {compared} {time}; what was not loaded is listed below",
            Godwit.Verify.Verdict.Equal => $"[green]✓ equal[/]: {compared} {time}",
            Godwit.Verify.Verdict.Different => $"[red]✗ DIFFERENT[/]: {compared} {time}",
            _ => $"[yellow]– not everything was checked[/]: {compared} {time}",
        });
        foreach (var check in report.Checks.Where(c => c.Verdict != Godwit.Verify.Verdict.Equal))
            Line(console, "", $"{Sign(check.Verdict)} {Markup.Escape(check.Name)}: {Markup.Escape(check.Detail)}");
        Behaviour(console, report);
        foreach (var table in report.Tables.Where(t => t.Verdict != Godwit.Verify.Verdict.Equal)) Differences(console, table);
    }

    private static void Behaviour(IAnsiConsole console, VerifyReport report)
    {
        const int Shown = 20;
        var different = report.Behaviour.Where(b => b.Verdict == Godwit.Verify.Verdict.Different).ToList();
        foreach (var cell in different.Take(Shown))
            Line(console, "", Markup.Escape($"{cell.Subject}: {cell.Command} {cell.Relation}: {cell.Source} in the source, {cell.Target} in the target{(cell.Note is null ? "" : $" ({cell.Note})")}").Insert(0, "[red]✗[/] "));
        if (different.Count > Shown) Line(console, "", $"  and {different.Count - Shown} more of this kind; --json lists them");
        if (report.Checks.FirstOrDefault(c => c is { Name: "behaviour", Verdict: Godwit.Verify.Verdict.Equal }) is { } tried) Line(console, "behaviour", $"[green]✓ the same[/]: {Markup.Escape(tried.Detail)}");
        if (report.Expected.IsEmpty) return;
        Line(console, "expected", $"{Units.Plural(report.Expected.Length, "difference")} that had been announced");
        foreach (var expected in report.Expected.Take(Shown)) Line(console, "", $"[grey]·[/] {Markup.Escape($"{expected.Subject}: {expected.Seen}: {expected.Reason}")}");
        if (report.Expected.Length > Shown) Line(console, "", $"  and {report.Expected.Length - Shown} more; --json lists them");
    }

    private static void Differences(IAnsiConsole console, TableVerification table)
    {
        foreach (var check in table.Checks.Where(c => c.Verdict != Godwit.Verify.Verdict.Equal))
            Line(console, "", $"{Sign(check.Verdict)} {Markup.Escape(table.Table)}: {Markup.Escape(check.Name)}: {Markup.Escape(check.Detail)}");
        const int Shown = 5;
        foreach (var difference in table.Differences.Take(Shown))
        {
            var where = difference.Column is { } column ? $"column {column}" : difference.Target is null && difference.Source is null ? "whole row" : "row";
            Line(console, "", $"[red]✗[/] {Markup.Escape(table.Table)} {Markup.Escape(difference.Key)}: {Markup.Escape(where)}");
        }
        if (table.DifferentRows > Shown) Line(console, "", $"  and {Units.Plural(table.DifferentRows - Shown, "more row")} in {Markup.Escape(table.Table)}; the report names them");
    }

    private static string Sign(Verdict verdict) => verdict switch
    {
        Godwit.Verify.Verdict.Equal => "[green]✓[/]",
        Godwit.Verify.Verdict.Different => "[red]✗[/]",
        _ => "[yellow]–[/]",
    };
}
