using System.Globalization;
using System.Runtime.CompilerServices;
using Godwit.Schema;
using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Translates expressions by an allow-list: what is not named here is refused.</summary>
internal sealed partial class ExpressionTranslator(TranslationContext context, NameScope scope)
{
    public TranslationContext Context { get; } = context;
    public NameScope Scope { get; } = scope;

    public static UntranslatableException Refuse(string problem) => new(problem);

    public Term Translate(Expr e)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Refuse("the expression is nested too deeply");
        if (Scope.Grouping is { } grouping && e is not (Literal or Column) && grouping.Keys.Count > 0)
        {
            // An expression that is a key of GROUP BY is read as a whole, not column by column.
            Scope.Grouping = null;
            try
            {
                var whole = Translate(e);
                if (grouping.Keys.Contains(whole.Sql)) return whole;
            }
            finally { Scope.Grouping = grouping; }
        }
        return e switch
        {
            Literal l => LiteralTerm(l),
            Column c => ColumnTerm(c),
            Unary u => UnaryTerm(u),
            Binary b => BinaryTerm(b),
            Is i => IsTerm(i),
            Like l => LikeTerm(l),
            Between b => BetweenTerm(b),
            InList i => InListTerm(i),
            InSelect i => InSelectTerm(i),
            Exists x => new Term($"EXISTS ({SelectTranslator.Inner(Context, Scope, x.Query).Sql})", PgKind.Bool, true) { NotNull = true },
            Scalar s => ScalarTerm(s),
            Case c => CaseTerm(c),
            Cast c => CastTerm(c),
            Collate c => CollateTerm(c),
            Call c => CallTerm(c),
            Row => throw Refuse("a row value is used as a value"),
            Raise => throw Refuse("RAISE() stands inside of an expression"),
            _ => throw Refuse("an expression of an unknown kind"),
        };
    }

    /// <summary>The value of an expression where SQLite's integers for true and false are integers.</summary>
    public Term Value(Expr e) => Number01(Translate(e));

    private static Term Number01(Term t) =>
        t is { Kind: PgKind.Bool, Column: null } ? new Term($"{t.Operand}::int", PgKind.Int, true) { NotNull = t.NotNull, Narrow = true } : t;

    public static Term NullTerm { get; } = new("NULL", PgKind.Null, true);

    public static Term Constant(object? value) => value switch
    {
        null => NullTerm,
        long n => new Term(n == long.MinValue ? "'-9223372036854775808'::bigint" : n.ToString(CultureInfo.InvariantCulture), PgKind.Int, n >= 0 || n == long.MinValue) { Constant = n, NotNull = true, Narrow = n is >= int.MinValue and <= int.MaxValue },
        double d => new Term(RealLiteral(d), PgKind.Real, true) { Constant = d, NotNull = true },
        string s => new Term(TextLiteral(s), PgKind.Text, true) { Constant = s, NotNull = true },
        byte[] b => new Term($"'\\x{Convert.ToHexStringLower(b)}'::bytea", PgKind.Bytea, true) { Constant = b, NotNull = true },
        _ => throw new ArgumentException("not a value of SQLite", nameof(value)),
    };

    public static string TextLiteral(string s)
    {
        if (s.Contains('\0', StringComparison.Ordinal)) throw Refuse("a text holds a NUL character, which PostgreSQL cannot store");
        return SqlText.Literal(s);
    }

    private static string RealLiteral(double d) =>
        double.IsInfinity(d) || double.IsNaN(d) ? $"'{(double.IsNaN(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity")}'::float8"
        : d < 0 || double.IsNegative(d) ? $"'{d.ToString("R", CultureInfo.InvariantCulture)}'::float8"
        : $"{d.ToString("R", CultureInfo.InvariantCulture)}::float8";

    private Term LiteralTerm(Literal l)
    {
        switch (l.Kind)
        {
            case LiteralKind.Null: return NullTerm;
            case LiteralKind.Integer: return Constant(SqliteNumbers.Literal(l.Text));
            case LiteralKind.Float: return Constant(SqliteNumbers.Parse(l.Text, false));
            case LiteralKind.String: return Constant(l.Text);
            case LiteralKind.Blob: return Constant(Convert.FromHexString(l.Text));
            case LiteralKind.True: return NameOrTruth(l, 1);
            case LiteralKind.False: return NameOrTruth(l, 0);
            case LiteralKind.CurrentDate: return MomentText(Now(), "YYYY-MM-DD", true);
            case LiteralKind.CurrentTime: return MomentText(Now(), "HH24:MI:SS", true);
            default: return MomentText(Now(), "YYYY-MM-DD HH24:MI:SS", true);
        }
    }

    // A column may be called true.
    private Term NameOrTruth(Literal l, long value) => Resolve(Scope, null, l.Text) ?? Constant(value);

    private Term ColumnTerm(Column c)
    {
        if (Resolve(Scope, c.Table, c.Name) is { } found) return Context.InlineGenerated && found.Column?.Generated is { } sql ? Inlined(found, sql) : found;
        if (c.DoubleQuoted && c.Table is null) return Constant(c.Name);
        if (c.Name.ToUpperInvariant() is "ROWID" or "OID" or "_ROWID_") throw Refuse($"{c.Name} is SQLite's own number of the row, which is carried over only where it is the table's INTEGER PRIMARY KEY");
        throw Refuse($"there is no column {(c.Table is null ? "" : c.Table + ".")}{c.Name}");
    }

    private Term Inlined(Term column, string sql)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw Refuse("generated columns are built on each other too deeply");
        var value = SqliteTranslator.Generated(this, SqlParser.ParseExpression(sql), column.Column);
        // Without a cast a sum of integers could be of a narrower type than its column.
        return column with { Sql = column.Kind is PgKind.Int or PgKind.Real or PgKind.Numeric ? $"({value})::{column.Column!.PgType}" : $"({value})", Atomic = true };
    }

    private Term? Resolve(NameScope? scope, string? table, string column)
    {
        for (; scope is not null; scope = scope.Outer)
        {
            var found = new List<(SourceTable Source, Term Term)>();
            foreach (var source in scope.Sources)
            {
                if (table is null ? source.QualifiedOnly : !string.Equals(source.Name, table, StringComparison.OrdinalIgnoreCase)) continue;
                var i = source.IndexOf(column);
                if (i >= 0 && (table is not null || !source.Merged.Contains(column))) found.Add((source, source.Columns[i]));
            }
            if (found.Count == 0 && column.ToUpperInvariant() is "ROWID" or "OID" or "_ROWID_")
                foreach (var source in scope.Sources)
                    if ((table is null ? !source.QualifiedOnly : string.Equals(source.Name, table, StringComparison.OrdinalIgnoreCase)) && source.RowKey is { } key) found.Add((source, key));
            if (found.Count > 1) throw Refuse($"the column name {column} is ambiguous");
            if (found.Count == 1)
            {
                if (table is null && scope.Coalesced.TryGetValue(column, out var merged)) return merged;
                return Grouped(scope, found[0].Source, found[0].Term);
            }
            if (table is null && scope.Aliases.TryGetValue(column, out var aliased))
            {
                // One step only: an alias inside its own expression is the column.
                scope.Aliases.Remove(column);
                try { return new ExpressionTranslator(Context, scope).Translate(aliased); }
                finally { scope.Aliases[column] = aliased; }
            }
        }
        return null;
    }

    private Term Grouped(NameScope scope, SourceTable source, Term column)
    {
        if (scope.Grouping is not { } grouping || grouping.Keys.Contains(column.Sql)) return column;
        if (grouping.PickBy is { } order) return column with { Sql = $"(array_agg({column.Sql} ORDER BY {order}))[1]", Atomic = true, Column = column.Column };
        if (source.Qualifier is not null && grouping.KeyedQualifiers.Contains(source.Qualifier) && column.Kind != PgKind.Json)
        {
            grouping.Keys.Add(column.Sql);
            grouping.AddedKeys.Add(column.Sql);
            return column;
        }
        // Any row of the group may give it; SQLite takes the first one that it meets (run), which the order of the keys says where there are some.
        Context.Note($"{column.Sql} stands beside an aggregate without being grouped. SQLite takes it from a row of its choice; here it is the group's first row by key.");
        return column with { Sql = $"(array_agg({column.Sql}{grouping.FirstBy}))[1]", Atomic = true, NotNull = false };
    }

    private Term CollateTerm(Collate c)
    {
        var t = Value(c.Value);
        return t with { Collation = KnownCollation(c.Collation), CollateSaid = true };
    }

    /// <summary>NOCASE, RTRIM, the name of the application's own collation, or null for BINARY.</summary>
    public static string? KnownCollation(string? name) => name?.ToUpperInvariant() switch { null or "BINARY" => null, var known => known };

    private Term CaseTerm(Case c)
    {
        var arms = new List<(string When, Term Then)>();
        var operand = c.Operand is null ? null : Translate(c.Operand);
        string? shared = null;
        var simple = operand is not null;
        var conditions = new List<(string Full, string? Right)>();
        foreach (var (when, then) in c.Whens)
        {
            if (operand is null) conditions.Add((Condition(when), null));
            else
            {
                var cmp = Compare("=", operand, Translate(when));
                shared ??= cmp.Left;
                simple &= cmp.Left is not null && cmp.Left == shared;
                conditions.Add((cmp.Sql, cmp.Right));
            }
            arms.Add(("", Value(then)));
        }
        var otherwise = c.Else is null ? NullTerm : Value(c.Else);
        var (kind, values, mixed) = Unify([.. arms.Select(a => a.Then), otherwise]);
        var sql = new System.Text.StringBuilder("CASE");
        if (simple) sql.Append(' ').Append(shared);
        for (var i = 0; i < arms.Count; i++)
            sql.Append(" WHEN ").Append(simple ? conditions[i].Right : conditions[i].Full).Append(" THEN ").Append(values[i]);
        if (c.Else is not null) sql.Append(" ELSE ").Append(values[^1]);
        return new Term(sql.Append(" END").ToString(), kind, true)
        {
            Mixed = mixed,
            NotNull = c.Else is not null && otherwise.NotNull && arms.All(a => a.Then.NotNull),
            Spelling = SharedSpelling([.. arms.Select(a => a.Then), otherwise]),
        };
    }

    /// <summary>Brings the branches of one value to one type; mixed where SQLite would keep them apart.</summary>
    public (PgKind Kind, string[] Sql, bool Mixed) Unify(IReadOnlyList<Term> terms)
    {
        // Numbers that stand as moments are numbers among numbers.
        if (terms.Any(t => PgTypes.IsNumber(t.Kind)) && terms.Any(IsNumericTime)) terms = [.. terms.Select(t => IsNumericTime(t) ? ToNumber(t) : t)];
        var kinds = terms.Where(t => t.Kind != PgKind.Null).Select(t => t.Kind).Distinct().ToList();
        var mixed = terms.Any(t => t.Mixed);
        if (kinds.Count == 0) return (PgKind.Null, [.. terms.Select(t => t.Sql)], false);
        if (kinds.Count == 1) return (kinds[0], [.. terms.Select(t => t.Sql)], mixed);
        if (kinds.All(PgTypes.IsNumber))
        {
            var kind = kinds.Contains(PgKind.Real) ? PgKind.Real : kinds.Contains(PgKind.Numeric) ? PgKind.Numeric : PgKind.Int;
            return (kind, [.. terms.Select(t => t.Kind == PgKind.Bool ? $"{t.Operand}::int" : t.Sql)], mixed);
        }
        // A moment with its offset and one without (of a table without rows, it may be) stay moments: the one without counts as UTC, here as everywhere.
        if (kinds.TrueForAll(k => k is PgKind.Timestamp or PgKind.TimestampTz) && !terms.Any(IsNumericTime))
            return (PgKind.TimestampTz, [.. terms.Select(t => t.Kind == PgKind.Timestamp ? $"({t.Operand} AT TIME ZONE 'UTC')" : t.Sql)], mixed);
        // Text and moments read as text are one kind in SQLite; text and numbers are not.
        mixed |= kinds.Exists(PgTypes.IsNumber) || kinds.Contains(PgKind.Bytea);
        if (kinds.Contains(PgKind.Bytea)) throw Refuse("blobs and other values are mixed in one expression");
        return (PgKind.Text, [.. terms.Select(t => t.Kind == PgKind.Null ? "NULL" : ToText(t))], mixed);
    }

    private Term ScalarTerm(Scalar s)
    {
        var query = SelectTranslator.Inner(Context, Scope, s.Query, single: true);
        if (query.Columns.Length != 1) throw Refuse("a subquery used as a value has several columns");
        var column = query.Columns[0].Term;
        return column with { Sql = $"({query.Sql})", Atomic = true, Column = null, Constant = null, NotNull = false, Moment = null, Picture = null, Digits = null, Json = null };
    }
}
