using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// Primary keys, unique constraints and indexes. Each is built as an index (which can run beside others on the same table) and
/// keys are attached to it afterwards, which takes no time.
/// </summary>
internal static partial class IndexPlanner
{
    // https://www.postgresql.org/docs/current/limits.html: columns per index
    private const int MaxTerms = 32;

    /// <summary>Collations other than BINARY in a key or index: the column must order by bytes for lower() and rtrim() to do what SQLite does.</summary>
    public static void MarkByteOrdered(PlanContext context)
    {
        foreach (var table in context.Tables)
        {
            foreach (var column in table.Columns)
                if (Folding(column.Collation) is not null) context.ByteOrdered.Add((table.Name, column.Name));
            foreach (var term in table.Indexes.Concat(table.UniqueConstraints).SelectMany(i => i.Terms))
                if (term.Column is not null && Folding(term.Collation) is not null && table.FindColumn(term.Column) is { } column)
                    context.ByteOrdered.Add((table.Name, column.Name));
        }
    }

    public static IEnumerable<SqlStep> Plan(PlanContext context, Table table)
    {
        if (table.PrimaryKey is { } key)
            foreach (var step in PrimaryKey(context, table, key)) yield return step;
        foreach (var unique in table.UniqueConstraints)
            foreach (var step in Unique(context, table, unique)) yield return step;
        foreach (var step in ExactKeys(context, table)) yield return step;
        foreach (var index in table.Indexes)
            if (Index(context, table, index) is { } step) yield return step;
        if (context.Options.IndexForeignKeys)
            foreach (var step in ForeignKeyIndexes(context, table)) yield return step;
        if (context.Options.FullTextSearch && table.TextSearch is { } search && SearchIndex(context, table, search) is { } words) yield return words;
        foreach (var step in SpatialIndexes.Plan(context, table)) yield return step;
        foreach (var extra in context.Options.ExtraIndexes.Where(e => NameComparer.Same(e.Table, table.Name)))
            yield return Extra(context, table, extra);
    }

    private static IEnumerable<SqlStep> PrimaryKey(PlanContext context, Table table, Key key)
    {
        var nulls = key.Columns.Where(c => table.FindColumn(c) is { } column && context.Profile(table, column)[ValueFact.Null] > 0).ToList();
        var columns = key.Columns.Select(c => context.Column(table, c)).ToList();
        var collated = key.Columns.Any(c => Folding(table.FindColumn(c)?.Collation) is not null);
        var name = context.Names.AddIndex(key.Name, $"{context.Names.Table(table.Name)}_pkey");
        if (nulls.Count > 0)
            context.Find("primary-key-has-nulls", Severity.Warning, table.Name,
                $"The primary key ({string.Join(", ", key.Columns)}) holds NULL, which SQLite allows and PostgreSQL does not; a unique index stands in for it.", "Fill the NULLs, then ADD PRIMARY KEY.");
        if (collated)
        {
            ImmutableArray<IndexTerm> terms = [.. key.Columns.Select(c => new IndexTerm(c, null, false, table.FindColumn(c)?.Collation))];
            var folded = context.Names.AddIndex(null, $"{name}_nocase");
            Test(context, table, folded, $"primary key of {table.Name} without case", terms, null);
            yield return Build(context, table, folded, $"primary key of {table.Name} without case", true, string.Join(", ", terms.Select(t => Term(context, table, t))), null, "The key compares as its collation says.");
        }
        var build = Build(context, table, name, $"primary key of {table.Name}", true, SqlName.List(columns), null, "The index of the primary key.");
        yield return build;
        if (nulls.Count == 0)
            yield return new($"key {table.Name}", StepKind.PrimaryKey, $"primary key of {table.Name}",
                $"ALTER TABLE {context.Load(table)} ADD CONSTRAINT {SqlName.Quote(name)} PRIMARY KEY USING INDEX {SqlName.Quote(name)}", "The primary key.")
            { Table = table.Name, Fallback = "", Requires = build.Id };
    }

    private static IEnumerable<SqlStep> Unique(PlanContext context, Table table, TableIndex unique)
    {
        var proposal = $"{context.Names.Table(table.Name)}_{string.Join("_", unique.Terms.Select(t => t.Column ?? "expr"))}_key";
        var given = unique.Name.StartsWith("sqlite_autoindex_", StringComparison.OrdinalIgnoreCase) || unique.Name.Length == 0 ? null : unique.Name;
        var name = context.Names.AddIndex(given, proposal);
        var subject = $"unique ({string.Join(", ", unique.Terms.Select(t => t.Column))}) of {table.Name}";
        var plain = unique.Terms.All(t => t.Column is not null && Folding(t.Collation ?? table.FindColumn(t.Column)?.Collation) is null);
        var build = Build(context, table, name, subject, true, string.Join(", ", unique.Terms.Select(t => Term(context, table, t with { Descending = false }))), null,
            plain ? "The index of the unique constraint." : "Unique without regard to case, as the collation says; an expression needs an index instead of a constraint.");
        Test(context, table, name, subject, unique.Terms, null);
        yield return build;
        if (plain)
            yield return new($"unique {name}", StepKind.Unique, subject,
                $"ALTER TABLE {context.Load(table)} ADD CONSTRAINT {SqlName.Quote(name)} UNIQUE USING INDEX {SqlName.Quote(name)}", "The unique constraint.")
            { Table = table.Name, Fallback = "", Requires = build.Id };
    }

    // A foreign key needs a constraint, which cannot be on lower(column): where one refers to a key that compares by a collation, there is an exact one too.
    // So there is beside rtrim(column), by which no query searches. It refuses nothing that the other does not refuse.
    private static IEnumerable<SqlStep> ExactKeys(PlanContext context, Table table)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var unique in table.UniqueConstraints.Concat(table.Indexes.Where(i => i.Unique)).Where(IsPlainKey))
        {
            var columns = unique.Terms.Select(t => table.FindColumn(t.Column!)!.Name).ToList();
            if (!unique.Terms.Any(t => Folding(t.Collation ?? table.FindColumn(t.Column!)!.Collation) is not null) || !done.Add(string.Join('\0', columns.Order(StringComparer.Ordinal)))) continue;
            var referring = context.Tables.FirstOrDefault(t => t.ForeignKeys.Any(k => NameComparer.Same(k.ParentTable, table.Name) && k.ParentColumns.ToHashSet(NameComparer.Instance).SetEquals(columns)));
            var trims = unique.Terms.Any(t => Folding(t.Collation ?? table.FindColumn(t.Column!)!.Collation) == "RTRIM");
            if (referring is null && !trims) continue;
            var why = referring is null ? "Queries look for the value as it stands." : $"{referring.Name} refers to it.";
            if (referring is not null) context.Find("translated-with-note", Severity.Info, $"foreign key of {referring.Name} to {table.Name}", $"{string.Join(", ", columns)} compares by its collation in SQLite; PostgreSQL's foreign key compares exactly.");
            var targets = columns.Select(c => context.Column(table, c)).ToList();
            var name = context.Names.AddIndex(null, $"{context.Names.Table(table.Name)}_{string.Join("_", targets)}_exact");
            var subject = $"unique ({string.Join(", ", columns)}) of {table.Name}, exactly";
            var build = Build(context, table, name, subject, true, SqlName.List(targets), null, why);
            yield return build;
            yield return new($"unique {name}", StepKind.Unique, subject,
                $"ALTER TABLE {context.Load(table)} ADD CONSTRAINT {SqlName.Quote(name)} UNIQUE USING INDEX {SqlName.Quote(name)}", why)
            { Table = table.Name, Fallback = "", Requires = build.Id };
        }
    }

    private static SqlStep? Index(PlanContext context, Table table, TableIndex index)
    {
        var subject = $"index {index.Name}";
        var scope = context.Scope(table);
        if (index.Terms.Length > MaxTerms)
        {
            context.Find("index-not-translated", Severity.Warning, subject, $"{index.Terms.Length} columns; a PostgreSQL index can have {MaxTerms}.");
            return null;
        }
        var terms = new List<string>();
        foreach (var term in index.Terms)
        {
            if (term.Column is not null)
            {
                if (NotIndexable(context, table, term.Column) is { } why)
                {
                    context.Find("index-not-translated", Severity.Warning, subject, why, "Index an expression of it, or use GIN on jsonb.");
                    return null;
                }
                terms.Add(Term(context, table, term));
                continue;
            }
            var translated = context.Input.Translator.Expression(term.Expression!, scope, null, ExpressionUse.IndexTerm);
            if (translated.Sql is null) return NotTranslated(context, subject, index, translated.Problem);
            terms.Add(Fold($"({context.Use(translated, subject)})", term.Collation) + (term.Descending ? " DESC" : ""));
        }
        string? predicate = null;
        if (index.Predicate is not null)
        {
            var translated = context.Input.Translator.Expression(index.Predicate, scope, null, ExpressionUse.IndexPredicate);
            if (translated.Sql is null) return NotTranslated(context, subject, index, translated.Problem);
            predicate = context.Use(translated, subject);
        }
        var name = context.Names.AddIndex(index.Name, index.Name);
        Test(context, table, name, subject, index.Terms, index.Predicate);
        return Build(context, table, name, subject, index.Unique, string.Join(", ", terms), predicate, index.Unique ? "A unique index of the source." : "An index of the source.");
    }

    /// <summary>What an index has beside plain columns is evaluated when the migration is verified.</summary>
    private static void Test(PlanContext context, Table table, string name, string subject, ImmutableArray<IndexTerm> terms, string? predicate)
    {
        void Add(string sql, Reading reading, string? collation, int term) => context.Expressions.Add((table.Name, new($"{subject}{(term == 0 ? ", its WHERE" : terms.Length == 1 ? "" : $", term {term}")}", sql, reading, collation, name, term)));
        for (var i = 0; i < terms.Length; i++)
        {
            var collation = Folding(terms[i].Collation ?? (terms[i].Column is { } c ? table.FindColumn(c)!.Collation : null));
            if (terms[i].Expression is { } expression) Add(expression, Reading.Value, collation, i + 1);
            else if (collation is not null && TypePlanner.Base(context.Type(table, table.FindColumn(terms[i].Column!)!).PgType) == "text") Add(SqlName.Quote(terms[i].Column!), Reading.Value, collation, i + 1);
        }
        if (predicate is not null) Add(predicate, Reading.Holds, null, 0);
    }

    private static SqlStep? NotTranslated(PlanContext context, string subject, TableIndex index, string? problem)
    {
        context.Find("index-not-translated", Severity.Warning, subject, $"{index.Sql}: {problem}", "Create it in PostgreSQL by hand, or list it under indexes in godwit.yaml.");
        return null;
    }

    private static string? NotIndexable(PlanContext context, Table table, string column) =>
        table.FindColumn(column) is { } found && context.Type(table, found).PgType == "json"
            ? $"{column} is json, which PostgreSQL cannot order." : null;

    private static IEnumerable<SqlStep> ForeignKeyIndexes(PlanContext context, Table table)
    {
        foreach (var key in table.ForeignKeys.Where(k => !IsIndexed(table, k)).DistinctBy(k => string.Join("\0", k.Columns).ToLowerInvariant()))
        {
            if (key.Columns.Any(c => table.FindColumn(c) is null)) continue;
            var columns = key.Columns.Select(c => context.Column(table, table.FindColumn(c)!.Name)).ToList();
            var name = context.Names.AddIndex(null, $"{context.Names.Table(table.Name)}_{string.Join("_", columns)}_idx");
            yield return Build(context, table, name, $"foreign key ({string.Join(", ", key.Columns)}) of {table.Name}", false, SqlName.List(columns), null,
                "Asked for by --index-foreign-keys: deletes and joins on the parent would read the whole table.");
        }
    }

    public static bool IsIndexed(Table table, ForeignKey key)
    {
        bool Covers(IEnumerable<string?> columns) => columns.Take(key.Columns.Length).ToHashSet(NameComparer.Instance).SetEquals(key.Columns);
        return table.PrimaryKey is { } primary && Covers(primary.Columns)
            || table.UniqueConstraints.Concat(table.Indexes).Any(i => i.Predicate is null && Covers(i.Terms.Select(t => t.Column)));
    }

    // A step of its own behind the data: PostgreSQL refuses documents of more than 1 MB of words, which must not cost the table.
    private static SqlStep? SearchIndex(PlanContext context, Table table, TextSearch search)
    {
        var texts = search.Columns.Where(c => TypePlanner.Base(context.Type(table, table.FindColumn(c)!).PgType) == "text").Select(c => $"coalesce({SqlName.Quote(context.Column(table, c))}, '')").ToList();
        if (texts.Count == 0) return null;
        var column = SqlName.Quote(context.Names.AddColumn(table.Name, "words"));
        var name = context.Names.AddIndex(null, $"{context.Names.Table(table.Name)}_words_idx");
        var load = context.Load(table);
        return new($"index {name}", StepKind.Index, $"full-text search of {table.Name}",
            $"ALTER TABLE {load} ADD COLUMN {column} tsvector GENERATED ALWAYS AS (to_tsvector('{(search.Stems ? "english" : "simple")}'::regconfig, {string.Join(" || ' ' || ", texts)})) STORED;\n"
            + $"CREATE INDEX {SqlName.Quote(name)} ON {load} USING gin ({column})", $"Asked for by --fts. Search it so: WHERE {column} @@ websearch_to_tsquery('{(search.Stems ? "english" : "simple")}', 'word')",
            $"ALTER TABLE {load} DROP COLUMN {column}")
        { Table = table.Name, Fallback = "", Effort = 20 };
    }

    private static SqlStep Extra(PlanContext context, Table table, ExtraIndex extra)
    {
        var name = context.Names.AddIndex(null, extra.Name ?? $"{context.Names.Table(table.Name)}_extra_idx");
        return new($"index {name}", StepKind.Index, $"index {name}", $"CREATE {(extra.Unique ? "UNIQUE " : "")}INDEX {SqlName.Quote(name)} ON {context.Load(table)} {extra.Definition}",
            "Listed in godwit.yaml.") { Table = table.Name, Fallback = "" };
    }

    private static SqlStep Build(PlanContext context, Table table, string name, string subject, bool unique, string terms, string? predicate, string why) =>
        new($"index {name}", StepKind.Index, subject,
            $"CREATE {(unique ? "UNIQUE " : "")}INDEX {SqlName.Quote(name)} ON {context.Load(table)} ({terms}){(predicate is null ? "" : $" WHERE {predicate}")}",
            why, $"DROP INDEX {new SqlName(PlanContext.LoadSchema, name)}")
        { Table = table.Name, Fallback = "", Effort = Effort(context, table, terms, predicate), UniqueKey = unique ? new(context.Load(table), Undirected(terms), predicate) : null };

    private static string Undirected(string terms) => Directions().Replace(terms, m => m.Value == " DESC" ? "" : m.Value);

    [GeneratedRegex("\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'| DESC(?=,|$)")]
    private static partial Regex Directions();

    // Sorting text costs several times what sorting numbers does; a partial index sorts fewer rows.
    private static int Effort(PlanContext context, Table table, string terms, string? predicate)
    {
        var named = Words().Matches(terms).Select(m => m.Value).ToHashSet();
        var texts = table.Columns.Count(c => TypePlanner.Base(context.Type(table, c).PgType) == "text" && named.Contains(SqlName.Quote(context.Column(table, c.Name))));
        var effort = 2 * terms.Count(c => c == ',') + 2 + 6 * texts;
        return predicate is null ? effort : (effort + 1) / 2;
    }

    /// <summary>A unique index over columns, of all rows.</summary>
    public static bool IsPlainKey(TableIndex index) => index.Predicate is null && index.Terms.All(t => t.Column is not null);

    /// <summary>The keys that ON CONFLICT can name, as their indexes are built.</summary>
    public static ImmutableArray<ScopeKey> Keys(PlanContext context, Table table)
    {
        var indexes = table.UniqueConstraints.Concat(table.Indexes.Where(i => i.Unique)).Where(IsPlainKey).Select(i => i.Terms);
        if (table.PrimaryKey is { } key && key.Columns.All(c => table.FindColumn(c) is not null))
            indexes = indexes.Prepend([.. key.Columns.Select(c => new IndexTerm(c, null, false, table.FindColumn(c)!.Collation))]);
        return [.. indexes.Select(terms => new ScopeKey([.. terms.Select(t => table.FindColumn(t.Column!)!.Name)], string.Join(", ", terms.Select(t => Term(context, table, t with { Descending = false })))))];
    }

    [GeneratedRegex("\"(?:[^\"]|\"\")+\"|\\w+")]
    private static partial Regex Words();

    private static string Term(PlanContext context, Table table, IndexTerm term)
    {
        var column = table.FindColumn(term.Column!)!;
        var isText = TypePlanner.Base(context.Type(table, column).PgType) == "text";
        var sql = SqlName.Quote(context.Column(table, column.Name));
        return (isText ? Fold(sql, term.Collation ?? column.Collation) : sql) + (term.Descending ? " DESC" : "");
    }

    private static string Fold(string sql, string? collation) => Folding(collation) switch { "NOCASE" => $"lower({sql})", "RTRIM" => $"rtrim({sql})", _ => sql };

    private static string? Folding(string? collation) =>
        collation is null ? null
        : collation.Equals("NOCASE", StringComparison.OrdinalIgnoreCase) ? "NOCASE"
        : collation.Equals("RTRIM", StringComparison.OrdinalIgnoreCase) ? "RTRIM" : null;
}
