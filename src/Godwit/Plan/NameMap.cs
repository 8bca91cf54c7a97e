using System.Collections.Immutable;
using System.Text;
using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>
/// Source names -> PostgreSQL names, without clashes. PostgreSQL keeps tables, views, indexes and sequences of a schema in one namespace
/// and cuts identifiers at 63 bytes (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS).
/// Given names are taken in the order of the calls, so that the same schema always yields the same names.
/// </summary>
/// <param name="style">Kept, or folded to lower case.</param>
/// <param name="taken">Names that something else has in the target schema.</param>
public sealed class NameMap(NameStyle style, IEnumerable<string>? taken = null)
{
    private const int MaxBytes = 63;
    private static readonly HashSet<string> SystemColumns = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

    private readonly HashSet<string> _taken = new(taken ?? [], StringComparer.Ordinal);
    private readonly HashSet<string> _relations = new(taken ?? [], StringComparer.Ordinal);
    private readonly Dictionary<string, string> _tables = new(NameComparer.Instance);
    private readonly Dictionary<string, ImmutableDictionary<string, string>> _columns = new(NameComparer.Instance);
    private readonly Dictionary<string, HashSet<string>> _constraints = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _triggers = new(NameComparer.Instance);
    private readonly HashSet<string> _functionNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _functions = new(StringComparer.Ordinal);
    private readonly List<Finding> _findings = [];

    public IReadOnlyList<Finding> Findings => _findings;

    public string Table(string source) => _tables[source];

    public string Column(string table, string source) => _columns[table][source];

    public string AddTable(Table table)
    {
        var name = Take(_relations, table.Name, table.Name, "table");
        _tables[table.Name] = name;
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var columns = ImmutableDictionary.CreateBuilder<string, string>(NameComparer.Instance);
        foreach (var column in table.Columns)
            columns[column.Name] = Take(taken, column.Name, $"{table.Name}.{column.Name}", "column");
        _columns[table.Name] = columns.ToImmutable();
        return name;
    }

    /// <summary>A column that the source does not have.</summary>
    public string AddColumn(string table, string proposal)
    {
        var taken = _columns[table].Values.ToHashSet(StringComparer.Ordinal);
        var name = proposal;
        for (var n = 2; taken.Contains(name); n++) name = $"{proposal}_{n}";
        return name;
    }

    public string AddView(string source) => _tables[source] = Take(_relations, source, source, "view");

    /// <summary>Names of a view's columns, in order; the first that clashes keeps its own.</summary>
    public ImmutableArray<string> ViewColumns(string view, IEnumerable<string> columns)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        return [.. columns.Select(c => Take(taken, c, $"{view}.{c}", "column"))];
    }

    /// <summary>
    /// The sequence of an identity column; null where the name that PostgreSQL chooses by itself is free
    /// (https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL).
    /// </summary>
    public string? AddSequence(string table, string column)
    {
        var chosen = $"{Table(table)}_{Column(table, column)}_seq";
        var name = Take(_relations, chosen, null, "sequence");
        return name == chosen ? null : name;
    }

    /// <summary>An index, a primary key or a unique constraint: all three are relations. <paramref name="source"/> null: the name is Godwit's own choice.</summary>
    public string AddIndex(string? source, string proposal) => Take(_relations, source ?? proposal, source is null ? null : $"index {source}", "index");

    /// <summary>A check or foreign key constraint: unique within its table.</summary>
    public string AddConstraint(string table, string? source, string proposal)
    {
        if (!_constraints.TryGetValue(table, out var taken)) _constraints[table] = taken = new(StringComparer.Ordinal);
        return Take(taken, source ?? proposal, source is null ? null : $"constraint {source} of {table}", "constraint");
    }

    /// <summary>A trigger's function. Functions are not relations: they have names of their own.</summary>
    public string AddFunction(string trigger) => _functions[trigger] = Take(_functionNames, $"{trigger}_trigger", null, "function");

    public string Function(string trigger) => _functions[trigger];

    /// <summary>A trigger: unique within its table or view.</summary>
    public string AddTrigger(string table, string name)
    {
        if (!_triggers.TryGetValue(table, out var taken)) _triggers[table] = taken = new(StringComparer.Ordinal);
        return Take(taken, name, null, "trigger");
    }

    // subject is null when no user gave this name, so that changing it says nothing to him.
    private string Take(HashSet<string> taken, string source, string? subject, string kind)
    {
        var name = style == NameStyle.Fold ? FoldAscii(source) : source;
        if (name.Contains('\0', StringComparison.Ordinal)) name = name.Replace("\0", "", StringComparison.Ordinal);
        if (name.Length == 0) name = kind;
        if (kind == "column" && SystemColumns.Contains(name)) name += "_";
        name = Shorten(name, source);
        var wasTaken = taken == _relations && _taken.Contains(name);
        var stem = Cut(name, MaxBytes - 4);
        for (var n = 2; !taken.Add(name); n++) name = $"{stem}_{n}";
        if (subject is not null && name != source && !(style == NameStyle.Fold && name == FoldAscii(source)))
            _findings.Add(new("name-changed", Severity.Warning, subject, $"{(wasTaken ? "The target has something else of this" : "PostgreSQL cannot hold this")} {kind} name{(wasTaken ? "" : " as it is")}; it becomes {SqlName.Quote(name)}.",
                "Rename it in the source, or use the new name in the application."));
        return name;
    }

    // SQLite folds ASCII only (https://www.sqlite.org/datatype3.html, NOCASE), so folding can make no clash that the source did not refuse.
    private static string FoldAscii(string s) => string.Create(s.Length, s, (span, from) =>
    {
        for (var i = 0; i < from.Length; i++) span[i] = char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] | 0x20) : from[i];
    });

    private static string Shorten(string name, string source)
    {
        if (Encoding.UTF8.GetByteCount(name) <= MaxBytes) return name;
        return Cut(name, MaxBytes - 9) + "_" + Hash(source).ToString("x8");
    }

    private static string Cut(string name, int bytes)
    {
        var used = 0;
        var builder = new StringBuilder();
        foreach (var rune in name.EnumerateRunes())
        {
            used += rune.Utf8SequenceLength;
            if (used > bytes) break;
            builder.Append(rune.ToString());
        }
        return builder.ToString();
    }

    // FNV-1a: stable between runs and machines, which string.GetHashCode is not.
    private static uint Hash(string s)
    {
        var h = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(s)) h = (h ^ b) * 16777619u;
        return h;
    }
}
