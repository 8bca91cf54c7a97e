namespace Godwit.Cli.Terminal;

/// <summary>Says what a command finds on its way, a line each.</summary>
internal sealed class FindingNotes(Invocation invocation) : IProgress<MigrationEvent>
{
    public void Report(MigrationEvent value)
    {
        if (value is MigrationEvent.Found { Finding: var finding }) invocation.Note($"{finding.Code}: {finding.Problem}{(finding.Hint is { } hint ? " " + hint : "")}");
    }
}
