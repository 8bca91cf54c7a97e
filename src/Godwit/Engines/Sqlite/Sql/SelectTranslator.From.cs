using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>FROM: tables, joins, subqueries, json_each.</summary>
internal sealed partial class SelectTranslator
{
    private int _unnamed;

    internal string From(TableRef table, NameScope scope)
    {
        switch (table)
        {
            case TableRef.Named named: return NamedTable(named, scope);
            case TableRef.Function function: return JsonEach(function, scope);
            case TableRef.Sub sub:
                var query = Translate(sub.Query, scope.Outer, []);
                var alias = sub.Alias ?? $"subquery_{++_unnamed}";
                scope.Sources.Add(Source(alias, alias, query.Columns));
                return $"({query.Sql}) AS {SqlName.Quote(alias)}";
            case TableRef.Join join: return Join(join, scope);
            default: throw Refuse("an unknown kind of table");
        }
    }

    /// <summary>The columns of a query under an alias.</summary>
    internal static SourceTable Source(string name, string qualifier, ImmutableArray<OutputColumn> columns) =>
        new(name, qualifier, [.. columns.Select(c => Reference(new SqlName(qualifier, c.Alias).ToString(), Described(c)) with { Affinity = c.Term.Affinity, Mixed = c.Term.Mixed, Narrow = c.Term.Narrow })], [.. columns.Select(c => c.Name)]);

    /// <summary>What later queries need to know of a result column.</summary>
    public static ScopeColumn Described(OutputColumn c)
    {
        var stored = c.Term.Column;
        return new ScopeColumn(c.Name, c.Alias, stored is not null && PgTypes.Kind(stored.PgType) == c.Term.Kind ? stored.PgType : PgTypes.Name(c.Term.Kind, !c.Term.Narrow), c.Term.Collation)
        {
            NumericTime = stored?.NumericTime,
            Spelling = PgTypes.IsMoment(c.Term.Kind) ? c.Term.Spelling : null,
            SpelledVariously = stored is { SpelledVariously: true } && PgTypes.IsMoment(c.Term.Kind),
            Geometry = stored?.Geometry,
            MixedBlob = c.Term is { Kind: PgKind.Bytea, Mixed: true },
            // "": computed, and of one kind; SQLite applies no affinity to it.
            Affinity = c.Term.Affinity ?? (c.Term.Mixed ? "BLOB" : ""),
        };
    }

    public static Term Reference(string sql, ScopeColumn c)
    {
        var kind = PgTypes.Kind(c.PgType);
        return new Term(sql, kind, true)
        {
            Column = c,
            Spelling = c.Spelling,
            Affinity = c.Affinity.Length == 0 ? null : c.Affinity == "BLOB" ? null : c.Affinity,
            Collation = ExpressionTranslator.KnownCollation(c.SourceCollation),
            NotNull = c.NotNull,
            Narrow = kind == PgKind.Int && !PgTypes.IsWide(c.PgType),
            Mixed = kind == PgKind.Text && c.Affinity is not ("TEXT" or "") && c.NumericTime is null && !c.OnlyText || kind == PgKind.Bytea && c.MixedBlob,
        };
    }

    private string NamedTable(TableRef.Named named, NameScope scope)
    {
        var alias = named.Alias ?? named.Name;
        if (scope.FindCommonTable(named.Name) is { } cte)
        {
            var columns = cte.Columns.Select(c => c with { Sql = new SqlName(alias, c.Column!.TargetName).ToString() });
            scope.Sources.Add(new SourceTable(alias, alias, [.. columns], cte.Names));
            if (cte.Rows is { } rows) return $"(SELECT * FROM {SqlName.Quote(named.Name)} LIMIT {rows}) AS {SqlName.Quote(alias)}";
            return $"{SqlName.Quote(named.Name)}{(named.Alias is null ? "" : $" AS {SqlName.Quote(alias)}")}";
        }
        if (context.Tables?.Find(named.Name) is not { } table) throw new UntranslatableException($"{named.Name} is not among the migrated tables and views") { Missing = named.Name };
        scope.Sources.Add(new SourceTable(alias, alias,
            [.. table.Columns.Select(c => Reference(new SqlName(alias, c.TargetName).ToString(), c))], [.. table.Columns.Select(c => c.SourceName)]));
        return $"{table.Target} AS {SqlName.Quote(alias)}";
    }

    private string JsonEach(TableRef.Function f, NameScope scope)
    {
        if (f.Name is not ("json_each" or "json_tree") || f.Args.Length is not (1 or 2) || f is { Name: "json_tree", Args.Length: 2 }) throw Refuse($"the table function {f.Name}() is not translated{(f.Args.Length > 1 ? " with a path" : "")}");
        var expressions = new ExpressionTranslator(context, scope);
        var json = f.Args.Length == 1
            ? expressions.ToJsonb(expressions.Translate(f.Args[0]))
            : expressions.Translate(new Expr.Call("json_extract", f.Args)).Json ?? "NULL::jsonb";
        var root = f.Args.Length == 1 ? "'$'" : expressions.ToText(expressions.Translate(f.Args[1]));
        var alias = f.Alias ?? f.Name;
        string Name(string column) => new SqlName(alias, column).ToString();
        Term Text(string column, string? jsonb) => new(Name(column), PgKind.Text, true) { Mixed = jsonb is not null, Json = jsonb, Column = null };
        var value = Name("json");
        scope.Sources.Add(new SourceTable(alias, alias,
            [Text("key", null) with { Mixed = true }, Text("value", value), Text("type", null), Text("atom", value), Text("fullkey", null), Text("path", null)], ["key", "value", "type", "atom", "fullkey", "path"]));
        return $"{context.Helper(f.Name, json, root)} AS {SqlName.Quote(alias)}";
    }

    private string Join(TableRef.Join join, NameScope scope)
    {
        var left = From(join.Left, scope);
        var before = scope.Sources.Count;
        var right = From(join.Right, scope);
        if (join.Right is TableRef.Join) right = $"({right})";
        var columns = join.Natural ? CommonColumns(scope, before) : join.Using;
        var conditions = columns.Select(c => JoinColumn(c, join.Kind, scope, before)).ToList();
        if (join.Kind is "LEFT" or "FULL") Nullable(scope, before, scope.Sources.Count);
        if (join.Kind is "RIGHT" or "FULL") Nullable(scope, 0, before);
        if (join.On is not null) conditions.Add(new ExpressionTranslator(context, scope).Filter(join.On));
        var lateral = join.Right is TableRef.Function ? "LATERAL " : "";
        if (conditions.Count == 0) return join.Kind is "CROSS" or "INNER" ? $"{left} CROSS JOIN {lateral}{right}" : $"{left} {join.Kind} JOIN {lateral}{right} ON true";
        var kind = join.Kind is "CROSS" or "INNER" ? "JOIN" : $"{join.Kind} JOIN";
        return $"{left} {kind} {lateral}{right} ON {string.Join(" AND ", conditions.Count == 1 ? conditions : conditions.Select(c => $"({c})"))}";
    }

    private static ImmutableArray<string> CommonColumns(NameScope scope, int before)
    {
        var left = scope.Sources.Take(before).SelectMany(s => s.Names).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. scope.Sources.Skip(before).SelectMany(s => s.Names).Where(left.Contains)];
    }

    private string JoinColumn(string name, string kind, NameScope scope, int before)
    {
        var (left, right) = (FindIn(0, before), FindIn(before, scope.Sources.Count));
        var l = scope.Coalesced.TryGetValue(name, out var merged) ? merged : left.Source.Columns[left.Index];
        var r = right.Source.Columns[right.Index];
        right.Source.Merged.Add(name);
        if (kind is "RIGHT" or "FULL") scope.Coalesced[name] = l with { Sql = $"coalesce({l.Sql}, {r.Sql})", NotNull = false, Column = l.Column, Spelling = ExpressionTranslator.SharedSpelling([l, r]) };
        return new ExpressionTranslator(context, scope).Compare("=", l, r).Sql;

        (SourceTable Source, int Index) FindIn(int from, int to)
        {
            for (var i = from; i < to; i++)
                if (!scope.Sources[i].Merged.Contains(name) && scope.Sources[i].IndexOf(name) is >= 0 and var index) return (scope.Sources[i], index);
            throw Refuse($"the column {name} of USING is not on both sides");
        }
    }

    private static void Nullable(NameScope scope, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            var s = scope.Sources[i];
            var replaced = new SourceTable(s.Name, s.Qualifier, [.. s.Columns.Select(c => c with { NotNull = false })], s.Names);
            replaced.Merged.UnionWith(s.Merged);
            scope.Sources[i] = replaced;
        }
    }
}
