using System.Collections.Immutable;
using System.CommandLine;
using Godwit.Cli.Output;
using Godwit.Cli.Terminal;
using Godwit.Supabase.Rls;
using Spectre.Console;

namespace Godwit.Cli.Commands;

/// <summary>rls plan, apply, test: the same flags, since the same plan is made of them.</summary>
internal static class RlsCommand
{
    public static Command Create(Shell shell)
    {
        var command = new Command("rls", "Row-level security for a database that came from an application: policies from ownership, and a test as each role");
        var plan = Verb(shell, "plan", "Show the policies, grants and the mapping of accounts to users as SQL; nothing is changed", PlanAsync);
        plan.Add(MigrationFlags.Text("--output", "FILE", "Write the SQL to FILE", "-o"));
        command.Add(plan);
        command.Add(Verb(shell, "apply", "Execute what rls plan shows, in one transaction", ApplyAsync));
        command.Add(Verb(shell, "test", "Ask as anon, as two users, as service_role and as the owner what they reach, in transactions that are rolled back; exit 3 where it is not what was planned", TestAsync));
        return command;
    }

    private static Command Verb(Shell shell, string name, string description, Func<Invocation, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description);
        command.Add(new Argument<string?>("TARGET") { Description = "PostgreSQL, or local[:NAME]", Arity = ArgumentArity.ZeroOrOne });
        command.Add(MigrationFlags.Text("--schema", "NAME", "Schema of the application's tables (default: public)"));
        command.Add(MigrationFlags.Text("--users", "TABLE", "The table of the application's users (default: found by its name, columns and foreign keys)"));
        command.Add(MigrationFlags.List("--owner", "TABLE=COLUMN[,COLUMN]", "Columns that hold the owner's key, where foreign keys do not say it; repeatable"));
        command.Add(MigrationFlags.List("--shared", "TABLE", "A table of nobody's rows that every signed-in user may read; repeatable"));
        command.Add(MigrationFlags.Flag("--auth-shim", "Make the roles anon, authenticated, service_role and the functions of schema auth where they are missing"));
        command.Add(MigrationFlags.Flag("--force", "Hold the tables' owner to the policies too"));
        command.SetAction(Invocation.Action(shell, run));
        return command;
    }

    private static async Task<int> PlanAsync(Invocation invocation, CancellationToken ct)
    {
        await using var target = await OpenAsync(invocation, ct);
        var plan = await invocation.Backend.PlanRlsAsync(target, Options(invocation), ct);
        var sql = RlsText.Write(plan, target.Display);
        var file = invocation.Option<string>("--output");
        if (file is not null) await PlanCommand.WriteFileAsync(invocation, file, sql.TrimEnd('\n'), ct);
        if (invocation.IsMachine) WriteDocument(invocation, new RlsDocument("rls plan") { Target = target.Display, Schema = plan.Options.Schema, Tables = Lines(plan), Statements = [.. plan.Steps.Select(s => new RlsStatement(s.Subject, s.Sql, s.Why, s.Undo))], Findings = plan.Findings });
        else if (file is null) invocation.Shell.Out.Write(sql);
        else
        {
            var console = invocation.Screen.Out;
            Closing.Line(console, "plan", $"{Units.Plural(plan.Tables.Length, "table")}, {Units.Plural(plan.Steps.Length, "statement")}, written to {Markup.Escape(file)}");
            FindingList.Write(console, plan.Findings, invocation.Global.Verbose);
            Closing.Line(console, "next", $"review it; then {invocation.Self} rls apply with the same options");
        }
        return plan.Findings.Any(f => f.Severity == Severity.Block) ? 4 : 0;
    }

    private static async Task<int> ApplyAsync(Invocation invocation, CancellationToken ct)
    {
        await using var target = await OpenAsync(invocation, ct);
        var plan = await invocation.Backend.PlanRlsAsync(target, Options(invocation), ct);
        await invocation.ConfirmAsync($"This takes anon's and authenticated's rights on {Units.Plural(plan.Tables.Length, "table")} of {target.Display} away and grants what the policies allow ({invocation.Self} rls plan shows all of it)", "rls-unconfirmed", ct);
        invocation.Shell.Aftermath = () => "nothing was changed: all of it is one transaction";
        await invocation.Backend.ApplyRlsAsync(target, plan, ct);
        if (invocation.IsMachine)
        {
            WriteDocument(invocation, new RlsDocument("rls apply") { Target = target.Display, Schema = plan.Options.Schema, Tables = Lines(plan), Statements = [.. plan.Steps.Select(s => new RlsStatement(s.Subject, s.Sql, s.Why, s.Undo))], Findings = plan.Findings });
            return 0;
        }
        var console = invocation.Screen.Out;
        Closing.Line(console, "applied", $"{Units.Plural(plan.Steps.Length, "statement")} on {Units.Plural(plan.Tables.Length, "table")}, in one transaction");
        FindingList.Write(console, plan.Findings, invocation.Global.Verbose);
        Closing.Line(console, "next", $"{invocation.Self} rls test, with the same options");
        return 0;
    }

    private static async Task<int> TestAsync(Invocation invocation, CancellationToken ct)
    {
        await using var target = await OpenAsync(invocation, ct);
        var plan = await invocation.Backend.PlanRlsAsync(target, Options(invocation), ct);
        invocation.Shell.Aftermath = () => "nothing was changed: every question was rolled back";
        var matrix = await invocation.Backend.TestRlsAsync(target, plan, ct);
        if (invocation.IsMachine) WriteDocument(invocation, new RlsDocument("rls test") { Target = target.Display, Schema = plan.Options.Schema, Tables = Lines(plan), Matrix = matrix.Cells, Different = matrix.Different, NotChecked = matrix.NotChecked, Findings = plan.Findings });
        else MatrixTable.Write(invocation.Screen.Out, matrix);
        return matrix.Different > 0 ? 3 : 0;
    }

    private static Task<Target.ITarget> OpenAsync(Invocation invocation, CancellationToken ct) =>
        invocation.Backend.OpenTargetAsync(Ends.TargetOf(invocation), invocation.Settings.Environment, 2, ct);

    private static RlsOptions Options(Invocation invocation) => new()
    {
        Schema = invocation.Option<string>("--schema") ?? invocation.Settings.Project.Schema?.Value ?? "public",
        UsersTable = invocation.Option<string>("--users"),
        Owners = [.. (invocation.Option<string[]>("--owner") ?? []).Select(Owner)],
        Shared = [.. invocation.Option<string[]>("--shared") ?? []],
        AuthShim = invocation.Option<bool>("--auth-shim"),
        Force = invocation.Option<bool>("--force"),
    };

    private static OwnerRule Owner(string text)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        ImmutableArray<string> columns = at < 1 ? [] : [.. text[(at + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        return columns.IsEmpty
            ? throw new GodwitException(ErrorKind.Usage, "rls-owner-invalid", $"--owner '{text}': TABLE=COLUMN is expected", "For example --owner notes=author_id.")
            : new OwnerRule(text[..at].Trim(), columns);
    }

    private static ImmutableArray<RlsTableLine> Lines(RlsPlan plan) => [.. plan.Tables.Select(t => new RlsTableLine(t.Relation.Name.Name, RlsPlan.Describe(t.Ownership)))];

    private static void WriteDocument(Invocation invocation, RlsDocument document) => invocation.Shell.Out.WriteLine(CliJson.Text(document, invocation.Global.Json));
}
