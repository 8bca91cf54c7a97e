using System.Collections.Immutable;
using YamlDotNet.RepresentationModel;

namespace Godwit.Cli.Configuration;

/// <summary>platform: what the flags for PostgreSQL sources hold.</summary>
internal sealed partial class ProjectFileReader
{
    private static readonly string[] PlatformKeys =
    [
        "supabase", "roles", "role-passwords", "owners", "missing-functions", "cron", "vault", "event-triggers", "publications", "search-path", "move-schemas", "leave-schemas", "leave-extensions",
        "storage-files", "storage-dir", "secrets-dir",
    ];

    private SupabaseChoices? Platform(YamlNode node)
    {
        if (node is not YamlMappingNode map)
        {
            Add(node, "platform: keys and values are expected, such as missing-functions: silent");
            return null;
        }
        var choices = new SupabaseChoices();
        foreach (var (key, value) in Entries(map, PlatformKeys, "platform.")) choices = Platform(choices, key, value);
        return choices;
    }

    private SupabaseChoices Platform(SupabaseChoices c, string key, YamlNode value)
    {
        var name = "platform." + key;
        T Word<T>(ImmutableArray<(string, T)> words, T otherwise) => Choice(value, name, words) is { } found ? found.Value : otherwise;
        string Line(string otherwise) => Text(value, name)?.Value ?? otherwise;
        switch (key)
        {
            case "supabase": return c with { Profile = Word(Words.Supabase, c.Profile) };
            case "roles": return c with { CreateRoles = Word(Words.Roles, c.CreateRoles) };
            case "role-passwords": return c with { RolePasswords = Word(Words.RolePasswords, c.RolePasswords) };
            case "owners": return c with { KeepOwners = Word(Words.Owners, c.KeepOwners) };
            case "missing-functions": return c with { MissingFunctions = Word(Words.MissingFunctions, c.MissingFunctions) };
            case "cron": return c with { CronJobs = Word(Words.Cron, c.CronJobs) };
            case "vault": return c with { VaultSecrets = Word(Words.Vault, c.VaultSecrets) };
            case "event-triggers": return c with { EventTriggers = Word(Words.MoveOrOmit, c.EventTriggers) };
            case "publications":
                var (move, realtime) = Word(Words.Publications, (c.Publications, c.RealtimePublication));
                return c with { Publications = move, RealtimePublication = realtime };
            case "search-path": return c with { SearchPath = Line("") is var path && path == "none" ? "" : path };
            case "move-schemas": return c with { MoveSchemas = List(value, name) };
            case "leave-schemas": return c with { LeaveSchemas = List(value, name) };
            case "leave-extensions": return c with { LeaveExtensions = List(value, name) };
            case "storage-files": return c with { StorageFiles = Line("") };
            case "storage-dir": return c with { StorageFolder = Line(c.StorageFolder) };
            default: return c with { SecretsFolder = Line(c.SecretsFolder) };
        }
    }
}
