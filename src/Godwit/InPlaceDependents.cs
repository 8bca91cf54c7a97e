using Godwit.Plan;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>Objects that are dropped where they belong are dropped with all that depends on them, in an order that fits: what is somebody else's must not go along.</summary>
internal static class InPlaceDependents
{
    private const int Shown = 10;

    /// <summary>Throws "target-has-dependents". <paramref name="drops"/>: DROP statements as <see cref="StatementRemoval.Cascade"/> writes them; other statements are passed over.</summary>
    public static async Task RefuseAsync(NpgsqlConnection connection, IEnumerable<string> drops, string hint, CancellationToken ct)
    {
        var dropped = drops.Select(StatementRemoval.Dropped).OfType<(string Kind, string Name)>().ToList();
        if (dropped.Count == 0) return;
        var others = new List<string>();
        try
        {
            await using var command = new NpgsqlCommand(EmbeddedSql.Read("Target/Sql/dependents.sql"), connection) { CommandTimeout = 0 };
            command.Parameters.Add(new() { Value = dropped.Select(d => d.Kind).ToArray() });
            command.Parameters.Add(new() { Value = dropped.Select(d => d.Name).ToArray() });
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) others.Add(reader.GetString(0));
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "looking at what depends on what is to be replaced");
        }
        if (others.Count == 0) return;
        throw new GodwitException(ErrorKind.Blocked, "target-has-dependents",
            $"What is to be replaced in the target is in use there by what would go with it: {string.Join(", ", others.Take(Shown))}{(others.Count > Shown ? $" and {others.Count - Shown} more" : "")}. Nothing was changed.", hint);
    }
}
