using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>Values of settings as ALTER ... SET takes them.</summary>
internal static class SettingText
{
    // GUC_LIST_QUOTE of PostgreSQL's guc_tables.c: their stored value is a list of identifiers, and one literal would become one identifier.
    private static readonly FrozenSet<string> Lists = new[]
    {
        "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static string Assignment(string name, string value) =>
        $"{Name(name)} = {(Lists.Contains(name) ? List(Split(value)) : SqlText.Literal(value))}";

    public static string List(IEnumerable<string> parts)
    {
        var list = string.Join(", ", parts.Select(SqlText.Literal));
        return list.Length == 0 ? "''" : list;
    }

    /// <summary>"app.settings.jwt_exp" is one name of three parts, each an identifier.</summary>
    public static string Name(string name) => string.Join('.', name.Split('.').Select(SqlName.Quote));

    /// <summary>Parts of a list of identifiers: commas outside of double quotes separate, a doubled quote is one; unquoted parts are folded, unless they are paths.</summary>
    public static ImmutableArray<string> Split(string value)
    {
        var parts = ImmutableArray.CreateBuilder<string>();
        var part = new StringBuilder();
        bool quoted = false, wasQuoted = false;
        void End()
        {
            var text = wasQuoted ? part.ToString() : part.ToString().Trim();
            if (wasQuoted || text.Length > 0) parts.Add(text);
            part.Clear();
            wasQuoted = false;
        }
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (quoted && c == '"' && i + 1 < value.Length && value[i + 1] == '"') part.Append(value[++i]);
            else if (c == '"')
            {
                if (!quoted) part.Clear();
                quoted = !quoted;
                wasQuoted = true;
            }
            else if (c == ',' && !quoted) End();
            else if (quoted || !wasQuoted) part.Append(c);
        }
        End();
        return parts.ToImmutable();
    }
}
