using System.Collections.Immutable;
using System.Reflection;
using System.Text.RegularExpressions;
using Godwit.Schema;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>The functions that translated SQL calls, from the compat folder.</summary>
internal static partial class CompatFunctions
{
    private const string Folder = "Engines/Sqlite/Sql/compat/";

    [GeneratedRegex(@"\{schema\}\.(\w+)\(")]
    private static partial Regex Calls { get; }

    /// <summary>CREATE FUNCTION statements of the named functions and of those that they call, callees first.</summary>
    public static ImmutableArray<string> Create(IEnumerable<string> names, string schema)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        var result = ImmutableArray.CreateBuilder<string>();
        foreach (var name in names.Order(StringComparer.Ordinal)) Add(name);
        return result.ToImmutable();

        void Add(string name)
        {
            if (!done.Add(name)) return;
            var sql = Read(name);
            foreach (Match call in Calls.Matches(sql)) Add(call.Groups[1].Value);
            result.Add(sql.Replace("{schema}", SqlName.Quote(schema), StringComparison.Ordinal).TrimEnd());
        }
    }

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Folder}{name}.sql") ?? throw new ArgumentException($"there is no helper function {name}", nameof(name));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
