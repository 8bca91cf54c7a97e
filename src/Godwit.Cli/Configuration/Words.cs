using System.Collections.Immutable;
using Godwit.Plan;

namespace Godwit.Cli.Configuration;

/// <summary>The words that stand for values on the command line and in godwit.yaml. The first of each list is the default.</summary>
internal static class Words
{
    public static ImmutableArray<(string Word, NameStyle Value)> Names { get; } = [("keep", NameStyle.Keep), ("fold", NameStyle.Fold)];
    public static ImmutableArray<(string Word, bool Value)> JsonAsText { get; } = [("jsonb", false), ("json", true)];
    public static ImmutableArray<(string Word, bool Value)> Orm { get; } = [("auto", true), ("none", false)];
    public static ImmutableArray<(string Word, bool Value)> YesNo { get; } = [("false", false), ("true", true), ("no", false), ("yes", true)];
    public static ImmutableArray<(string Word, IfExists Value)> IfExists { get; } =
        [("fail", Godwit.IfExists.Fail), ("append", Godwit.IfExists.Append), ("replace", Godwit.IfExists.Replace)];
    public static ImmutableArray<(string Word, FollowMethod? Value)> FollowMethods { get; } = [("auto", null), ("slot", FollowMethod.Slot), ("triggers", FollowMethod.Triggers), ("diff", FollowMethod.Diff)];
    /// <summary>Of a server.</summary>
    public static ImmutableArray<(string Word, FollowMethod? Value)> ServerMethods { get; } = FollowMethods[..3];
    public static ImmutableArray<(string Word, MisfitPolicy Value)> Misfits { get; } =
        [("widen", MisfitPolicy.Widen), ("quarantine", MisfitPolicy.Quarantine), ("fail", MisfitPolicy.Fail)];
    public static ImmutableArray<(string Word, bool? Value)> Supabase { get; } = [("auto", null), ("on", true), ("off", false)];
    public static ImmutableArray<(string Word, bool Value)> Roles { get; } = [("create", true), ("existing", false)];
    public static ImmutableArray<(string Word, bool Value)> RolePasswords { get; } = [("copy", true), ("none", false)];
    public static ImmutableArray<(string Word, bool Value)> Owners { get; } = [("keep", true), ("admin", false)];
    public static ImmutableArray<(string Word, MissingFunctions Value)> MissingFunctions { get; } =
        [("fail", Godwit.MissingFunctions.Fail), ("silent", Godwit.MissingFunctions.Silent), ("omit", Godwit.MissingFunctions.Omit)];
    public static ImmutableArray<(string Word, CronJobs Value)> Cron { get; } = [("inactive", CronJobs.Inactive), ("active", CronJobs.Active), ("file", CronJobs.File), ("omit", CronJobs.Omit)];
    public static ImmutableArray<(string Word, VaultSecrets Value)> Vault { get; } = [("auto", VaultSecrets.Auto), ("file", VaultSecrets.File), ("omit", VaultSecrets.Omit)];
    public static ImmutableArray<(string Word, bool Value)> MoveOrOmit { get; } = [("move", true), ("omit", false)];
    /// <summary>Whether publications move, and supabase_realtime with them.</summary>
    public static ImmutableArray<(string Word, (bool Move, bool Realtime) Value)> Publications { get; } = [("move", (true, false)), ("with-realtime", (true, true)), ("omit", (false, false))];
    /// <summary>null is "off".</summary>
    public static ImmutableArray<(string Word, VerifyMode? Value)> Verify { get; } =
        [("full", VerifyMode.Full), ("sample", VerifyMode.Sample), ("counts", VerifyMode.Counts), ("off", null)];

    public static string Of<T>(ImmutableArray<(string Word, T Value)> words, T value) =>
        words.First(w => EqualityComparer<T>.Default.Equals(w.Value, value)).Word;

    public static bool TryParse<T>(ImmutableArray<(string Word, T Value)> words, string text, out T value)
    {
        foreach (var (word, meaning) in words)
        {
            if (!string.Equals(word, text, StringComparison.OrdinalIgnoreCase)) continue;
            value = meaning;
            return true;
        }
        value = default!;
        return false;
    }

    public static string List<T>(ImmutableArray<(string Word, T Value)> words) => string.Join(", ", words.Select(w => w.Word));
}
