using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Godwit.Cli.Terminal;
using Godwit.Follow;
using Godwit.Target;
using Godwit.Verify;
using Godwit.Verify.Pairs;

namespace Godwit.Cli.Commands;

/// <summary>godwit verify with PostgreSQL on both sides: rows, catalog and behaviour, by what the two servers say of themselves.</summary>
internal static class PairVerification
{
    public static readonly ImmutableArray<(string Word, BehaviourDepth? Value)> Depths = [("read", BehaviourDepth.Read), ("write", BehaviourDepth.Write), ("off", null)];

    public static bool IsPair(Ends ends) => ConnectionSettings.IsPostgres(Plain(ends.Source)) && !File.Exists(ends.Source);

    public static async Task<int> RunAsync(Invocation invocation, Ends ends, VerifyMode mode, int jobs, IReadOnlyList<string> tables, CancellationToken ct)
    {
        var request = new PairRequest(mode, jobs)
        {
            Tables = tables,
            ExcludeSchemas = [.. invocation.Option<string[]>("--exclude-schema") ?? []],
            Roles = RoleMap(invocation.Option<string[]>("--map-role") ?? []),
            Behaviour = Behaviour(invocation),
        };
        var environment = invocation.Settings.Environment;
        await using var source = await invocation.Backend.OpenTargetAsync(Plain(ends.Source), environment, jobs + 4, ct);
        await using var target = await invocation.Backend.OpenTargetAsync(Plain(ends.RequiredTarget), environment, jobs + 4, ct);
        var view = ProgressView.For(invocation);
        invocation.Shell.Aftermath = () => "nothing was changed: what verification tries is rolled back";
        var report = await view.AroundAsync(() => invocation.Backend.VerifyPairAsync(invocation.JobOf(view), source, target, request, ct));
        ImmutableArray<RepairedTable> repaired = [];
        if (await VerifyCommand.ToRepairAsync(invocation, report, target.Display, ct) is { Count: > 0 } wrong)
        {
            repaired = await VerifyCommand.RepairedAsync(invocation, () => invocation.Backend.RepairPairAsync(invocation.JobOf(view), source, target, wrong, ct));
            report = await invocation.Backend.VerifyPairAsync(invocation.JobOf(view), source, target, request, ct);
        }
        return await VerifyCommand.EndAsync(invocation, report, repaired, source.Display, target.Display, ct);
    }

    private static string Plain(string connection) => connection.StartsWith("supabase:", StringComparison.OrdinalIgnoreCase) ? connection["supabase:".Length..] : connection;

    private static BehaviourRequest? Behaviour(Invocation invocation)
    {
        var word = invocation.Option<string>("--behaviour") ?? "read";
        var depth = Depths.First(d => string.Equals(d.Word, word, StringComparison.OrdinalIgnoreCase)).Value;
        var claims = invocation.Option<string>("--claims") is { } file ? Claims(Path.Combine(invocation.Shell.WorkingDirectory, file)) : [];
        return depth is { } d ? new(d, claims) : null;
    }

    /// <summary>[{"name": "...", "role": "authenticated", "claims": {"sub": "..."}}, ...]; name and claims may be left out.</summary>
    internal static ImmutableArray<BehaviourSubject> Claims(string file)
    {
        const string Form = """The file is a JSON array: [{"name": "alice", "role": "authenticated", "claims": {"sub": "..."}}].""";
        try
        {
            var list = JsonNode.Parse(File.ReadAllText(file)) as JsonArray ?? throw new JsonException("an array is expected");
            return [.. list.Select((node, i) => node is JsonObject entry && entry["role"] is JsonValue role && role.TryGetValue<string>(out var name) && entry["claims"] is null or JsonObject
                ? new BehaviourSubject(entry["name"]?.ToString() ?? $"{name} {i + 1}", name, entry["claims"]?.ToJsonString())
                : throw new JsonException($"entry {i + 1} has no role, or claims that are no object"))];
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Usage, "claims-invalid", $"--claims {file} cannot be read: {e.Message}", Form, e);
        }
    }

    private static FrozenDictionary<string, string> RoleMap(string[] texts)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            if (text.Split('=', 2) is not [{ Length: > 0 } from, { Length: > 0 } to])
                throw new GodwitException(ErrorKind.Usage, "map-role-invalid", $"--map-role '{text}': SOURCE=TARGET is expected", "For example --map-role supabase_admin=app_owner.");
            map[from] = to;
        }
        return map.ToFrozenDictionary();
    }
}
