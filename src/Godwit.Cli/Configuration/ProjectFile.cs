using System.Collections.Immutable;
using Godwit.Plan;

namespace Godwit.Cli.Configuration;

/// <summary>A value of godwit.yaml and the line where it stands.</summary>
internal sealed record Located<T>(T Value, int Line);

/// <summary>What godwit.yaml says; null where it says nothing. The schema is documented in docs/reference/configuration.md.</summary>
internal sealed record ProjectFile
{
    public const string FileName = "godwit.yaml";

    public Located<string>? Source { get; init; }
    public Located<string>? Target { get; init; }
    public Located<string>? Schema { get; init; }
    public Located<int>? Jobs { get; init; }
    public Located<NameStyle>? Names { get; init; }
    public Located<bool>? JsonAsText { get; init; }
    public Located<bool>? IndexForeignKeys { get; init; }
    public Located<bool>? FollowOrm { get; init; }
    public Located<bool>? FullTextSearch { get; init; }
    /// <summary>The value null means "off".</summary>
    public Located<VerifyMode?>? Verify { get; init; }
    public Located<MisfitPolicy>? Misfits { get; init; }
    public SupabaseChoices? Platform { get; init; }
    public Located<string>? Report { get; init; }
    public Located<ImmutableArray<string>>? Include { get; init; }
    public Located<ImmutableArray<string>>? Exclude { get; init; }
    public Located<ImmutableArray<CastRule>>? Casts { get; init; }
    public Located<ImmutableArray<MisfitRule>>? MisfitRules { get; init; }
    public Located<ImmutableArray<ExtraIndex>>? Indexes { get; init; }
}
