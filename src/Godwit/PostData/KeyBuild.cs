using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.PostData;

/// <summary>
/// The index of a large table's key, built before the key takes it over. ADD CONSTRAINT keeps every other index of the table waiting while it builds its own;
/// CREATE UNIQUE INDEX does not, and the key that takes it over looks at no rows. Where the build is refused, the key's own statement is executed, and says why.
/// <paramref name="Adopt"/>: what is executed in place of <paramref name="Key"/> once the index is there.
/// </summary>
internal sealed partial record KeyBuild(SqlStep Key, SqlStep Build, string Adopt)
{
    /// <summary>Of smaller ones an index is built in less time than two more commits may take.</summary>
    private const long LargeBytes = 16L << 20;

    /// <summary>The journal's name of the build.</summary>
    public static string IdOf(SqlStep key) => "build " + key.Id;

    /// <summary>Those that have another index to be built beside them, by the id of the key's step.</summary>
    public static ImmutableDictionary<string, KeyBuild> Of(ImmutableArray<SqlStep> steps, MigrationPlan plan)
    {
        if (!plan.InPlace || plan.IntoExisting) return ImmutableDictionary<string, KeyBuild>.Empty;
        var large = plan.Tables.Where(t => t.Bytes >= LargeBytes).Select(t => t.Source).ToHashSet(StringComparer.Ordinal);
        return steps.Where(s => s.Kind is StepKind.Constraint or StepKind.Index && s.Table is not null && large.Contains(s.Table)).GroupBy(s => s.Table!).Where(g => g.Count() > 1)
            .SelectMany(g => g).Where(s => s.Kind == StepKind.Constraint).Select(Of).OfType<KeyBuild>().ToImmutableDictionary(b => b.Key.Id);
    }

    /// <summary>Null: no key, or one that an index alone does not say (exclusion, DEFERRABLE, WITHOUT OVERLAPS), or a statement that says more than the key.</summary>
    internal static KeyBuild? Of(SqlStep key)
    {
        var statements = SqlScript.Split(key.Sql);
        if (statements.IsEmpty || Addition().Match(statements[^1]) is not { Success: true } added || added.Groups["columns"].Value.Contains(" WITHOUT OVERLAPS", StringComparison.Ordinal)) return null;
        string Group(string name) => added.Groups[name].Value;
        string After(string statement) => string.Concat(statements[..^1].Select(s => s + ";\n")) + statement;
        var build = new SqlStep(IdOf(key), StepKind.Index, key.Subject, After($"CREATE UNIQUE INDEX {Group("name")} ON {Group("table")} USING btree {Group("columns")}{Group("include")}{Group("nulls")}{Group("with")}"), "")
        { Table = key.Table, Effort = key.Effort };
        return new(key, build, After($"ALTER TABLE {Group("table")} ADD CONSTRAINT {Group("name")} {Group("kind")} USING INDEX {Group("name")}"));
    }

    private const string Name = """(?:"(?:[^"]|"")*"|[^\s".()]+)""", List = """\((?:"(?:[^"]|"")*"|[^"()])*\)""";

    // As pg_dump writes it.
    [GeneratedRegex($"""^ALTER TABLE (ONLY )?(?<table>{Name}\.{Name})\s+ADD CONSTRAINT (?<name>{Name}) (?<kind>PRIMARY KEY|UNIQUE)(?<nulls> NULLS NOT DISTINCT)? (?<columns>{List})(?<include> INCLUDE {List})?(?<with> WITH {List})?$""", RegexOptions.CultureInvariant)]
    private static partial Regex Addition();
}
