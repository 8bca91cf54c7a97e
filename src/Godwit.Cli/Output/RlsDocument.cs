using System.Collections.Immutable;
using Godwit.Supabase.Rls;

namespace Godwit.Cli.Output;

/// <summary>Of rls plan, apply and test; what a verb does not make is empty.</summary>
internal sealed record RlsDocument(string Command) : Document(Command)
{
    public required string Target { get; init; }
    public required string Schema { get; init; }
    public ImmutableArray<RlsTableLine> Tables { get; init; } = [];
    public ImmutableArray<RlsStatement> Statements { get; init; } = [];
    public ImmutableArray<RlsCell> Matrix { get; init; } = [];
    /// <summary>Answers that are not as planned; exit 3 where there are any.</summary>
    public int Different { get; init; }
    public int NotChecked { get; init; }
    public ImmutableArray<Finding> Findings { get; init; } = [];
}

internal sealed record RlsTableLine(string Table, string Owner);

internal sealed record RlsStatement(string Subject, string Sql, string Why, string? Undo);
