using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Godwit.Supabase.Rls;

/// <summary>
/// One question: what the plan promised, and what the server did. <paramref name="Found"/> null: it could not be asked, and
/// <paramref name="Why"/> says why.
/// </summary>
public sealed record RlsCell(string Table, RlsRole Role, RlsAction Action, Reach Promised, Reach? Found, string? Why = null)
{
    public bool IsDifferent => Found is { } found && found != Promised;
}

/// <summary>Roles x tables x commands, as the server answered in transactions that were rolled back.</summary>
public sealed record RlsMatrix(string Schema, ImmutableArray<RlsCell> Cells)
{
    [JsonIgnore]
    public int Different => Cells.Count(c => c.IsDifferent);
    [JsonIgnore]
    public int NotChecked => Cells.Count(c => c.Found is null);

    public string ToJson() => JsonSerializer.Serialize(this, MatrixJson.Default.RlsMatrix);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RlsMatrix))]
internal sealed partial class MatrixJson : JsonSerializerContext;
