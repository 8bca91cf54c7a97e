using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>What one translation gathers beside its SQL.</summary>
internal sealed class TranslationContext
{
    public const string CompatSchema = "godwit_compat";

    private readonly SortedSet<string> _helpers = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];

    /// <summary>Only IMMUTABLE functions are allowed here (indexes, generated columns).</summary>
    public bool Immutable { get; init; }

    /// <summary>A generated column cannot read another one in PostgreSQL; that one's expression stands in its place.</summary>
    public bool InlineGenerated { get; init; }

    /// <summary>The tables that a view may name; null inside expressions of one table.</summary>
    public TranslationScope? Tables { get; init; }

    /// <summary>Of a trigger: its statements ask for last_insert_rowid(), or for changes().</summary>
    public bool WantsRowid { get; init; }
    public bool WantsChanges { get; init; }
    /// <summary>What the two are here as SQL; null where that is not known.</summary>
    public string? LastRowid { get; set; }
    public string? Changes { get; set; }

    public ImmutableArray<string> Helpers => [.. _helpers];
    public ImmutableArray<string> Notes => [.. _notes];

    public void Note(string note)
    {
        if (!_notes.Contains(note)) _notes.Add(note);
    }

    /// <summary>A call of a helper function.</summary>
    public string Helper(string name, params ReadOnlySpan<string> args)
    {
        _helpers.Add(name);
        return $"{new SqlName(CompatSchema, name)}({string.Join(", ", args)})";
    }

    public void NeedsStable(string what)
    {
        if (Immutable) throw new UntranslatableException($"{what} is not constant over time, and PostgreSQL allows only constant expressions in indexes and generated columns");
    }
}

/// <summary>One thing in FROM.</summary>
internal sealed class SourceTable(string name, string? qualifier, ImmutableArray<Term> columns, ImmutableArray<string> names)
{
    public string Name { get; } = name;
    /// <summary>The alias in PostgreSQL, null where columns stand alone.</summary>
    public string? Qualifier { get; } = qualifier;
    public ImmutableArray<Term> Columns { get; } = columns;
    /// <summary>SQLite's names of the columns.</summary>
    public ImmutableArray<string> Names { get; } = names;
    /// <summary>Columns that a USING or NATURAL join has merged into one of an earlier table.</summary>
    public HashSet<string> Merged { get; } = new(StringComparer.OrdinalIgnoreCase);
    /// <summary>Its columns are only found behind its name (NEW, OLD, excluded).</summary>
    public bool QualifiedOnly { get; init; }
    /// <summary>The LIMIT of a recursive common table, which PostgreSQL wants where the table is read.</summary>
    public long? Rows { get; init; }

    public int IndexOf(string column)
    {
        for (var i = 0; i < Names.Length; i++)
            if (string.Equals(Names[i], column, StringComparison.OrdinalIgnoreCase)) return i;
        return -1;
    }

    public Term? RowKey => Columns.FirstOrDefault(c => c.Column is { IsRowKey: true });
}

/// <summary>Names that an expression may use, innermost first.</summary>
internal sealed class NameScope(NameScope? outer)
{
    public NameScope? Outer { get; } = outer;
    public List<SourceTable> Sources { get; } = [];
    /// <summary>Aliases of result columns, which SQLite lets WHERE, GROUP BY and HAVING use too.</summary>
    public Dictionary<string, Expr> Aliases { get; } = new(StringComparer.OrdinalIgnoreCase);
    public Dictionary<string, Window> Windows { get; } = new(StringComparer.OrdinalIgnoreCase);
    /// <summary>Merged columns of RIGHT and FULL joins, by name.</summary>
    public Dictionary<string, Term> Coalesced { get; } = new(StringComparer.OrdinalIgnoreCase);
    /// <summary>The grouping of an aggregate query while its result is translated; null elsewhere and inside aggregates.</summary>
    public Grouping? Grouping { get; set; }
    /// <summary>Common table expressions that are visible here.</summary>
    public Dictionary<string, SourceTable> CommonTables { get; } = new(StringComparer.OrdinalIgnoreCase);

    public SourceTable? FindCommonTable(string name) =>
        CommonTables.TryGetValue(name, out var found) ? found : Outer?.FindCommonTable(name);
}

/// <summary>The keys of GROUP BY as SQL, and how a column outside of them is read.</summary>
internal sealed class Grouping
{
    public required HashSet<string> Keys { get; init; }
    /// <summary>ORDER BY of the row that SQLite's min/max rule picks; null where no rule says which row.</summary>
    public string? PickBy { get; init; }
    /// <summary>" ORDER BY ..." that finds the group's first row, empty where no source has a row key.</summary>
    public string FirstBy { get; init; } = "";
    /// <summary>Sources whose row key is among the keys: all their columns depend on it and may join the keys.</summary>
    public required HashSet<string> KeyedQualifiers { get; init; }
    public List<string> AddedKeys { get; } = [];
    public Dictionary<string, string> QualifierOf { get; } = new(StringComparer.Ordinal);
}
