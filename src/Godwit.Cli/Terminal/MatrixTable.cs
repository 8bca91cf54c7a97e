using Godwit.Supabase.Rls;
using Spectre.Console;

namespace Godwit.Cli.Terminal;

/// <summary>Who reaches what: a line a table, a column a role, the commands in each cell.</summary>
internal static class MatrixTable
{
    private static readonly (RlsRole Role, string Name)[] s_roles = [(RlsRole.Anon, "anon"), (RlsRole.UserA, "user A"), (RlsRole.UserB, "user B"), (RlsRole.ServiceRole, "service_role"), (RlsRole.Owner, "owner")];

    public static void Write(IAnsiConsole console, RlsMatrix matrix)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn(new TableColumn("[bold]table[/]"));
        table.AddColumn(new TableColumn("[bold]command[/]").NoWrap());
        foreach (var (_, name) in s_roles) table.AddColumn(new TableColumn($"[bold]{name}[/]").NoWrap());
        foreach (var group in matrix.Cells.GroupBy(c => (c.Table, c.Action)))
        {
            var first = group.Key.Action == RlsAction.Select;
            table.AddRow([first ? $"[bold]{Markup.Escape(group.Key.Table)}[/]" : "", Word(group.Key.Action), .. s_roles.Select(r => Cell(group.FirstOrDefault(c => c.Role == r.Role)))]);
        }
        console.WriteLine();
        console.Write(table);
        var asked = matrix.Cells.Length - matrix.NotChecked;
        Closing.Line(console, "tested", matrix.Different > 0
            ? $"[red]✗ DIFFERENT[/]: {Units.Plural(matrix.Different, "answer")} of {Units.Count(asked)} not as planned"
            : $"[green]✓ as planned[/]: {Units.Plural(asked, "answer")}, each with real rows in a transaction that was rolled back");
        foreach (var cell in matrix.Cells.Where(c => c.IsDifferent))
            Closing.Line(console, "", $"[red]✗[/] {Markup.Escape(cell.Table)}: {Word(cell.Action)} as {Name(cell.Role)} reaches {Word(cell.Found!.Value)}, planned {Word(cell.Promised)}");
        foreach (var why in matrix.Cells.Where(c => c.Found is null).GroupBy(c => (c.Table, c.Why)))
            Closing.Line(console, "", $"[yellow]–[/] {Markup.Escape(why.Key.Table)}: {Units.Plural(why.Count(), "answer")} not checked: {Markup.Escape(why.Key.Why ?? "")}");
    }

    private static string Cell(RlsCell? cell) => cell switch
    {
        null => "",
        { Found: null } => "[yellow]– not checked[/]",
        { IsDifferent: true } => $"[red]✗ {Word(cell.Found.Value)}[/]",
        { Found: Reach.None } => "[grey]none[/]",
        _ => $"[green]{Word(cell.Found.Value)}[/]",
    };

    private static string Word(RlsAction action) => action == RlsAction.GiveAway ? "give away" : action.ToString().ToLowerInvariant();

    private static string Word(Reach reach) => reach.ToString().ToLowerInvariant();

    private static string Name(RlsRole role) => s_roles.First(r => r.Role == role).Name;
}
