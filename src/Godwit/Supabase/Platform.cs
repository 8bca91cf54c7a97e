using System.Collections.Immutable;
using System.Globalization;

namespace Godwit.Supabase;

/// <summary>What is to be known of users and files. Pure.</summary>
internal static class Platform
{
    public static IEnumerable<Finding> Findings(SupabaseFacts source, ImmutableHashSet<string> left, SupabaseChoices choices)
    {
        if (!source.IsSupabase) yield break;
        if (!left.Contains("auth") && source.AuthUsers.Length > 0)
        {
            var total = source.AuthUsers.Sum(k => k.Users);
            var kinds = string.Join(", ", source.AuthUsers.OrderByDescending(k => k.Users).Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Users:N0} {Word(k.Kind)}")));
            yield return new("auth-users-move", Severity.Info, "auth.users", string.Create(CultureInfo.InvariantCulture, $"{total:N0} users move with their identities, sessions and factors as plain tables ({kinds}). The token service that signs them in stays behind."), "Another one has to serve them; passwords need not be reset where the hash moves.");
            if (source.AuthUsers.Where(k => k.Kind is "encrypted" or "unknown").Sum(k => k.Users) is > 0 and var locked)
                yield return new("auth-users-must-reset", Severity.Warning, "auth.users", string.Create(CultureInfo.InvariantCulture, $"{locked:N0} users have a password that is encrypted by the platform's key, or of an unknown kind: they have to reset it."), "SELECT email FROM auth.users WHERE encrypted_password LIKE '{%';");
        }
        var (objects, bytes) = (source.Buckets.Sum(b => b.Objects), source.Buckets.Sum(b => b.Bytes));
        if (!left.Contains("storage") && objects > 0)
            yield return choices.StorageFiles is null
                ? new("storage-files-left", Severity.Warning, "storage.objects", string.Create(CultureInfo.InvariantCulture, $"What the database knows of {objects:N0} files in {source.Buckets.Length} buckets moves; the files themselves ({bytes / 1e6:N1} MB) lie outside of the database and stay behind."), "--storage-files DIR or URL copies them.")
                : new("storage-files-move", Severity.Info, "storage.objects", string.Create(CultureInfo.InvariantCulture, $"{objects:N0} files ({bytes / 1e6:N1} MB) are copied to {choices.StorageFolder} and compared with their metadata by name and size."), "--storage-dir DIR puts them elsewhere.");
    }

    private static string Word(string kind) => kind switch
    {
        "none" => "without a password",
        "encrypted" => "encrypted by the platform",
        "unknown" => "of an unknown kind",
        _ => kind,
    };
}
