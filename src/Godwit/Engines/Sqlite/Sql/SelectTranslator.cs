using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>One column of a query's result: SQLite's name, PostgreSQL's alias, and what it is.</summary>
internal sealed record OutputColumn(string Name, string Alias, Term Term);

internal sealed record TranslatedQuery(string Sql, ImmutableArray<OutputColumn> Columns);

/// <summary>A SELECT without ORDER BY whose result expressions can still be cast.</summary>
internal sealed class QueryPart
{
    public required bool Distinct { get; init; }
    /// <summary>What DISTINCT compares, where that is not the columns as they stand.</summary>
    public IReadOnlyList<string> DistinctOn { get; init; } = [];
    public required List<(string Name, Term Term)> Columns { get; init; }
    /// <summary>FROM, WHERE, GROUP BY and HAVING. Lazy, because ORDER BY may still add grouping keys.</summary>
    public required Func<string> Tail { get; init; }
    public NameScope? Scope { get; init; }

    /// <summary>A null leaves its column out.</summary>
    public string Render(IReadOnlyList<string?> sql, List<string>? aliases) =>
        $"SELECT {(DistinctOn.Count > 0 ? $"DISTINCT ON ({string.Join(", ", DistinctOn)}) " : Distinct ? "DISTINCT " : "")}{string.Join(", ", sql.Select((s, i) => s is null || aliases is null ? s : $"{s} AS {SqlName.Quote(aliases[i])}").OfType<string>())}{Tail()}";
}

/// <summary>Translates queries. Every result column gets an alias, every column a qualifier.</summary>
internal sealed partial class SelectTranslator(TranslationContext context)
{
    private static UntranslatableException Refuse(string problem) => ExpressionTranslator.Refuse(problem);

    /// <summary>A subquery of an expression. <paramref name="single"/>: only its first row counts.</summary>
    public static TranslatedQuery Inner(TranslationContext context, NameScope outer, Select select, bool single = false) =>
        new SelectTranslator(context).Translate(select, outer, [], single);

    /// <summary>
    /// <paramref name="single"/>: only the first row counts. <paramref name="store"/> says how each column is stored where the rows are inserted; null
    /// from it leaves the column out.
    /// </summary>
    public TranslatedQuery Translate(Select select, NameScope? outer, ImmutableArray<string> names, bool single = false, Func<int, Term, string?>? store = null)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Refuse("the query is nested too deeply");
        var scope = new NameScope(outer);
        var with = With(select, scope);
        var parts = Flatten(select.Body).Select(p => (p.Op, Part: Part(p.Body, scope))).ToList();
        var width = parts[0].Part.Columns.Count;
        if (parts.Exists(p => p.Part.Columns.Count != width)) throw Refuse("the parts of a compound SELECT have different numbers of columns");
        if (names.Length > 0 && names.Length != width) throw Refuse($"{names.Length} column names stand for {width} columns");
        var sourceNames = names.Length > 0 ? [.. names] : ResultNames.Unique(parts[0].Part.Columns.Select(c => c.Name));
        var aliases = ResultNames.ForPostgres(sourceNames);
        var plain = parts.Count == 1 && !parts[0].Part.Distinct;
        var (body, terms) = parts.Count == 1 ? Simple(parts[0].Part, aliases, null) : Compound(parts, aliases);
        var order = OrderBy(select, parts, aliases, sourceNames, terms);
        if (parts.Count == 1) body = Simple(parts[0].Part, aliases, plain ? store : null).Body;
        if (order.Length > 0 && (parts.Count > 1 || parts[0].Part.Distinct)) body = $"SELECT {string.Join(", ", aliases.Select(a => $"q.{SqlName.Quote(a)}"))} FROM ({body}) AS q";
        var limit = Limit(select, scope, single && !IsOneRow(select.Body));
        var sql = with + body + order + limit;
        ImmutableArray<OutputColumn> columns = [.. terms.Select((t, i) => new OutputColumn(sourceNames[i], aliases[i], t))];
        if (!plain && store is not null)
            sql = $"SELECT {string.Join(", ", Source("r", "r", columns).Columns.Select((c, i) => store(i, terms[i].Kind == PgKind.Null ? terms[i] : c)).OfType<string>())} FROM ({sql}) AS r";
        return new TranslatedQuery(sql, columns);
    }

    private static (string Body, List<Term> Terms) Simple(QueryPart part, List<string> aliases, Func<int, Term, string?>? store)
    {
        if (part.Distinct && part.Columns.Exists(c => c.Term.Kind == PgKind.Json)) throw Refuse("DISTINCT compares JSON texts");
        if (part.Distinct && part.Columns.Exists(c => c.Term.Collation is not null)) part = DistinctByCollation(part);
        return (part.Render([.. part.Columns.Select((c, i) => store is null ? c.Term.Sql : store(i, c.Term))], aliases), [.. part.Columns.Select(c => c.Term)]);
    }

    // Of values that differ only in case, SQLite shows the one that it meets first.
    private static QueryPart DistinctByCollation(QueryPart part)
    {
        var keys = part.Columns.Where(c => !c.Term.IsConstant).Select(c => ExpressionTranslator.Collated(c.Term, c.Term.Collation)).ToList();
        var first = part.Scope is { Grouping: null } scope ? SelectTranslator.FirstBy(scope) : "";
        var order = $" ORDER BY {string.Join(", ", keys)}{(first.Length == 0 ? "" : ", " + first[" ORDER BY ".Length..])}";
        return new QueryPart { Distinct = true, DistinctOn = keys, Columns = part.Columns, Scope = part.Scope, Tail = () => part.Tail() + order };
    }

    private static bool IsOneRow(SelectBody body) =>
        body is SelectBody.Core { GroupBy.IsEmpty: true } core && core.Columns.Any(c => c.Value is not null && Aggregates.In(c.Value).Any())
        || body is SelectBody.Core { From: null };

    private static IEnumerable<(string? Op, SelectBody Body)> Flatten(SelectBody body)
    {
        var parts = new Stack<(string?, SelectBody)>();
        while (body is SelectBody.Compound c)
        {
            parts.Push((c.Op, c.Right));
            body = c.Left;
        }
        parts.Push((null, body));
        foreach (var (op, part) in parts)
        {
            if (part is SelectBody.Values { Rows.Length: > 1 } values)
            {
                for (var i = 0; i < values.Rows.Length; i++) yield return (i == 0 ? op : "UNION ALL", new SelectBody.Values([values.Rows[i]]));
                if (op is not (null or "UNION ALL")) throw Refuse($"{op} with several rows of VALUES");
            }
            else yield return (op, part);
        }
    }

    private (string Body, List<Term> Terms) Compound(List<(string? Op, QueryPart Part)> parts, List<string> aliases)
    {
        var width = aliases.Count;
        var sql = parts.Select(_ => new string[width]).ToList();
        var terms = new List<Term>();
        var expressions = new ExpressionTranslator(context, new NameScope(null));
        var compares = parts.Exists(p => p.Op is not (null or "UNION ALL"));
        var collations = new string?[width];
        for (var i = 0; i < width; i++)
        {
            var column = parts.ConvertAll(p => p.Part.Columns[i].Term);
            collations[i] = compares ? column.Find(t => t.Collation is not null)?.Collation : null;
            if (compares && column.Exists(t => t.Kind == PgKind.Json)) throw Refuse("UNION compares JSON texts");
            var (kind, unified, mixed) = expressions.Unify(column);
            if (kind != PgKind.Text) collations[i] = null;
            if (collations[i] is not null && parts.Exists(p => p.Op is not (null or "UNION"))) throw Refuse("rows are compared without regard to case by something other than UNION");
            if (mixed && compares) context.Note("A compound SELECT mixes numbers and text in one column; here they are text.");
            for (var p = 0; p < parts.Count; p++)
                sql[p][i] = column[p].Kind == PgKind.Null && kind != PgKind.Null ? $"NULL::{PgTypes.Name(kind)}" : column[p].Kind == PgKind.Text && column[p].Constant is not null ? $"{unified[p]}::text" : unified[p];
            terms.Add(column[0] with { Sql = SqlName.Quote(aliases[i]), Atomic = true, Kind = kind, Mixed = mixed, NotNull = column.TrueForAll(t => t.NotNull), Constant = null, Moment = null, Picture = null, Digits = null, Json = null, TypeOf = null, Spelling = ExpressionTranslator.SharedSpelling(column), Narrow = column.TrueForAll(t => t.Narrow), Column = SameColumn(column) });
        }
        if (Array.Exists(collations, c => c is not null)) return (UnionByCollation(parts.ConvertAll(p => p.Part), sql, aliases, collations), terms);
        var body = parts[0].Part.Render(sql[0], aliases);
        var previous = "";
        for (var p = 1; p < parts.Count; p++)
        {
            // PostgreSQL's INTERSECT binds tighter than UNION; SQLite's do not differ.
            if (previous.Length > 0 && previous != parts[p].Op) body = $"({body})";
            previous = parts[p].Op!;
            body = $"{body} {previous} {parts[p].Part.Render(sql[p], null)}";
        }
        return (body, terms);
    }

    /// <summary>What all parts agree about; geometries of several reference systems are geometries.</summary>
    private static ScopeColumn? SameColumn(List<Term> terms)
    {
        var first = terms[0].Column;
        if (first is null || !terms.TrueForAll(t => t.Column is not null && t.Column.NumericTime == first.NumericTime)) return null;
        if (terms.TrueForAll(t => t.Column!.PgType == first.PgType)) return first;
        var bare = first.PgType.Split('(')[0];
        return terms.TrueForAll(t => t.Kind == PgKind.Other && t.Column!.PgType.Split('(')[0] == bare) ? first with { PgType = bare } : null;
    }

    // Of rows that differ only in case, SQLite's UNION shows the one that it meets last (run).
    private static string UnionByCollation(List<QueryPart> parts, List<string[]> sql, List<string> aliases, string?[] collations)
    {
        List<string> named = [.. aliases, "godwit_part", "godwit_row"];
        var rows = parts.Select((part, p) => part.Render([.. sql[p], $"{p}", part.Scope is { Grouping: null } s && s.Sources.Select(x => x.RowKey?.Sql).FirstOrDefault(k => k is not null) is { } key ? $"{key}::bigint" : "NULL::bigint"], p == 0 ? named : null));
        var keys = string.Join(", ", aliases.Select((a, i) => collations[i] is null ? $"u.{SqlName.Quote(a)}" : ExpressionTranslator.Collated(new Term($"u.{SqlName.Quote(a)}", PgKind.Text, true), collations[i])));
        return $"SELECT {string.Join(", ", aliases.Select(a => $"v.{SqlName.Quote(a)}"))} FROM (SELECT DISTINCT ON ({keys}) * FROM ({string.Join(" UNION ALL ", rows)}) AS u ORDER BY {keys}, u.godwit_part DESC, u.godwit_row DESC NULLS LAST) AS v";
    }

    private string OrderBy(Select select, List<(string? Op, QueryPart Part)> parts, List<string> aliases, List<string> names, List<Term> terms)
    {
        if (select.OrderBy.IsEmpty) return "";
        if (select.Limit is not null) return OrderBySql(select, parts, aliases, names, terms);
        try { return OrderBySql(select, parts, aliases, names, terms); }
        catch (UntranslatableException e)
        {
            context.Note($"Its ORDER BY is left out: {e.Message}. The rows are the same.");
            return "";
        }
    }

    private string OrderBySql(Select select, List<(string? Op, QueryPart Part)> parts, List<string> aliases, List<string> names, List<Term> terms)
    {
        var wrapped = parts.Count > 1 || parts[0].Part.Distinct;
        var sorted = new List<string>();
        foreach (var o in select.OrderBy)
        {
            var (value, collation, said) = o.Value is Expr.Collate c ? (c.Value, ExpressionTranslator.KnownCollation(c.Collation), true) : (o.Value, null, false);
            var index = value switch
            {
                Expr.Literal { Kind: Expr.LiteralKind.Integer } n when int.TryParse(n.Text, CultureInfo.InvariantCulture, out var i) && i >= 1 && i <= terms.Count => i - 1,
                Expr.Column { Table: null } named => names.FindIndex(n => string.Equals(n, named.Name, StringComparison.OrdinalIgnoreCase)),
                _ => -1,
            };
            Term term;
            if (index >= 0) term = terms[index];
            else
            {
                if (parts.Count > 1 || parts[0].Part.Scope is not { } scope) throw Refuse("a compound SELECT is ordered by something that is not in its result");
                term = new ExpressionTranslator(context, scope).Value(value);
                if (wrapped)
                {
                    index = terms.FindIndex(t => t.Sql == term.Sql);
                    if (index < 0) throw Refuse("a SELECT DISTINCT is ordered by something that is not in its result");
                }
            }
            if (said) term = term with { Collation = collation, CollateSaid = true };
            sorted.Add(AggregateTranslator.OrderSql(term, wrapped ? $"q.{SqlName.Quote(aliases[index])}" : term.Sql, o));
        }
        return $" ORDER BY {string.Join(", ", sorted)}";
    }

    private string Limit(Select select, NameScope scope, bool one)
    {
        var expressions = new ExpressionTranslator(context, scope);
        var sql = "";
        if (select.Limit is not null)
        {
            var limit = expressions.Translate(select.Limit);
            if (limit.Constant is not long n) throw Refuse("LIMIT is not a constant");
            if (n >= 0) sql = $" LIMIT {(one ? Math.Min(n, 1) : n)}";
            else if (one) sql = " LIMIT 1";
        }
        else if (one) sql = " LIMIT 1";
        if (select.Offset is null) return sql;
        if (expressions.Translate(select.Offset).Constant is not long offset) throw Refuse("OFFSET is not a constant");
        return offset > 0 ? $"{sql} OFFSET {offset}" : sql;
    }

    private string With(Select select, NameScope scope)
    {
        if (select.With.IsEmpty) return "";
        var parts = new List<string>();
        var recursive = false;
        foreach (var cte in select.With)
        {
            var alias = SqlName.Quote(cte.Name);
            var query = Tables.In(cte.Query).Contains(cte.Name, StringComparer.OrdinalIgnoreCase) && (recursive = true) ? Recursive(cte, scope) : Translate(cte.Query, scope, cte.Columns);
            var named = Source(cte.Name, cte.Name, query.Columns);
            scope.CommonTables[cte.Name] = recursive && cte.Query.Limit is { } limit && new ExpressionTranslator(context, scope).Translate(limit).Constant is long rows and >= 0
                ? new SourceTable(named.Name, named.Qualifier, named.Columns, named.Names) { Rows = rows } : named;
            var materialized = cte.Materialized switch { true => "MATERIALIZED ", false => "NOT MATERIALIZED ", _ => "" };
            parts.Add($"{alias} ({SqlName.List(query.Columns.Select(c => c.Alias))}) AS {materialized}({query.Sql})");
        }
        return $"WITH {(recursive ? "RECURSIVE " : "")}{string.Join(", ", parts)} ";
    }

    // Both terms of a recursion must have exactly the same types in PostgreSQL.
    private TranslatedQuery Recursive(CommonTable cte, NameScope scope)
    {
        if (cte.Query is not { With.IsEmpty: true, OrderBy.IsEmpty: true, Offset: null } || cte.Query.Body is not SelectBody.Compound { Op: "UNION" or "UNION ALL" } compound)
            throw Refuse("a recursive query has another form than anchor UNION ALL step");
        var anchor = Part(Only(compound.Left), scope);
        var names = cte.Columns.Length > 0 ? [.. cte.Columns] : ResultNames.Unique(anchor.Columns.Select(c => c.Name));
        if (names.Count != anchor.Columns.Count) throw Refuse("a recursive query names another number of columns than it has");
        var aliases = ResultNames.ForPostgres(names);
        var columns = anchor.Columns.Select((c, i) => new OutputColumn(names[i], aliases[i], new Term(aliases[i], c.Term.Kind == PgKind.Null ? throw Refuse("a recursive query begins with NULL") : c.Term.Kind, true)
        {
            Affinity = c.Term.Affinity, Collation = c.Term.Collation, Mixed = c.Term.Mixed,
        })).ToImmutableArray();
        scope.CommonTables[cte.Name] = Source(cte.Name, cte.Name, columns);
        var step = Part(compound.Right, scope);
        var first = anchor.Render([.. anchor.Columns.Select((c, i) => Exactly(c.Term, columns[i].Term.Kind))], aliases);
        var second = step.Render([.. step.Columns.Select((c, i) => Exactly(c.Term, columns[i].Term.Kind))], null);
        return new TranslatedQuery($"{first} {compound.Op} {second}", columns);
    }

    private static SelectBody Only(SelectBody body) => body is SelectBody.Compound or SelectBody.Values { Rows.Length: > 1 } ? throw Refuse("a recursive query has several anchors") : body;

    private static string Exactly(Term t, PgKind kind)
    {
        if (t.Kind != kind && t.Kind != PgKind.Null && !(PgTypes.IsNumber(t.Kind) && PgTypes.IsNumber(kind))) throw Refuse("a recursive query changes the kind of a column");
        return $"{t.Operand}::{PgTypes.Name(kind)}{(kind == PgKind.Text ? " COLLATE \"default\"" : "")}";
    }
}

/// <summary>Names of result columns.</summary>
internal static class ResultNames
{
    /// <summary>As SQLite makes them unique (sqlite3ColumnsFromExprList): "id", "id:1", ...</summary>
    public static List<string> Unique(IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var result = new List<string>();
        foreach (var name in names)
        {
            var unique = name;
            for (var n = 1; !seen.Add(unique); n++) unique = $"{name}:{n}";
            result.Add(unique);
        }
        return result;
    }

    /// <summary>Unique within PostgreSQL's 63 bytes, and never empty.</summary>
    public static List<string> ForPostgres(IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var result = new List<string>();
        foreach (var name in names)
        {
            var plain = name.Length == 0 ? "column" : name.Replace("\0", "", StringComparison.Ordinal);
            var unique = Cut(plain, 63);
            for (var n = 1; !seen.Add(unique); n++) unique = Cut(plain, 63 - 5) + $"_{n}";
            result.Add(unique);
        }
        return result;
    }

    private static string Cut(string name, int bytes)
    {
        while (System.Text.Encoding.UTF8.GetByteCount(name) > bytes) name = char.IsLowSurrogate(name[^1]) ? name[..^2] : name[..^1];
        return name;
    }
}
