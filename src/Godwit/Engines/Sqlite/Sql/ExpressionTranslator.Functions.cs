using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>The functions that are translated; any other name is refused.</summary>
internal sealed partial class ExpressionTranslator
{
    private Term CallTerm(Call c)
    {
        if (c.Over is not null || IsAggregate(c)) return new AggregateTranslator(this).Translate(c);
        if (c.Star || c.Distinct || c.Filter is not null || !c.OrderBy.IsEmpty) throw Refuse($"{c.Name}() is no aggregate");
        switch (c.Name)
        {
            case "date" or "time" or "datetime" or "julianday" or "unixepoch" or "strftime": return DateFunction(c.Name, c.Args.AsSpan());
            case "like" or "glob" when c.Args.Length >= 2: return LikeTerm(new Like(c.Name.ToUpperInvariant(), c.Args[1], c.Args[0], c.Args.Length > 2 ? c.Args[2] : null, false));
            case "iif" or "if" when c.Args.Length is 2 or 3: return CaseTerm(new Case(null, [(c.Args[0], c.Args[1])], c.Args.Length == 3 ? c.Args[2] : new Literal(LiteralKind.Null, "")));
            case "lower" when c.Args is [Call { Name: "hex", Args: [var bytes] }]: return Hex(Translate(bytes), false);
            case "ifnull" when c.Args.Length == 2: return Coalesce(c);
            case "coalesce" when c.Args.Length >= 2: return Coalesce(c);
            case "nullif" when c.Args.Length == 2: return NullIf(Value(c.Args[0]), Value(c.Args[1]));
            case "last_insert_rowid" when c.Args.IsEmpty && Context.LastRowid is { } rowid: return new Term(rowid, PgKind.Int, true);
            case "changes" when c.Args.IsEmpty && Context.Changes is { } changes: return new Term(changes, PgKind.Int, true) { NotNull = true };
            case "max" or "min" when c.Args.Length >= 2: return Extreme(c.Name == "max", [.. c.Args.Select(Value)]);
        }
        if (c.Name.StartsWith("json", StringComparison.Ordinal)) return JsonFunction(c.Name, [.. c.Args.Select(Translate)]);
        var args = c.Args.Select(Value).ToArray();
        return TextFunction(c.Name, args) ?? NumberFunction(c.Name, args) ?? throw Refuse(Unknown(c.Name));
    }

    private static string Unknown(string name) => name switch
    {
        "last_insert_rowid" or "changes" or "total_changes" or "sqlite_version" or "load_extension" => $"{name}() has no meaning in PostgreSQL",
        _ => $"the function {name}() is not known to mean the same in PostgreSQL",
    };

    public static bool IsAggregate(Call c) => c.Name switch
    {
        "max" or "min" => c.Args.Length == 1,
        "count" or "sum" or "total" or "avg" or "group_concat" or "string_agg" or "json_group_array" or "json_group_object" => true,
        _ => false,
    };

    private Term Coalesce(Call c)
    {
        var all = c.Args.Select(Value).Where(t => t.Kind != PgKind.Null).ToList();
        if (all.Count == 0) return NullTerm;
        if (all.Count == 1) return all[0];
        var (kind, sql, mixed) = Unify(all);
        return new Term($"coalesce({string.Join(", ", sql)})", kind, true) { Mixed = mixed, NotNull = all.Exists(t => t.NotNull), Spelling = SharedSpelling(all) };
    }

    private Term NullIf(Term a, Term b)
    {
        if (a.Kind == PgKind.Null || b.Kind == PgKind.Null) return a;
        var cmp = Compare("=", a, b);
        var sql = cmp.Op == "=" && cmp.Left == a.Operand ? $"nullif({cmp.Left}, {cmp.Right})" : $"CASE WHEN {cmp.Sql} THEN NULL ELSE {a.Sql} END";
        return a with { Sql = sql, Atomic = true, NotNull = false, Constant = null, Column = null, Moment = null, Digits = null, Json = null };
    }

    // PostgreSQL's greatest and least skip NULL, SQLite's max and min yield it.
    private Term Extreme(bool greatest, Term[] args)
    {
        if (args.Any(a => a.Kind == PgKind.Null)) return NullTerm;
        if (args.Any(a => a.Mixed)) throw Refuse("max() or min() compares values of different kinds");
        var tests = args.Where(a => !a.NotNull).Select(a => $"{a.Operand} IS NULL").ToList();
        // Numbers come before text, text before blobs: only the first or the last class counts.
        var ranks = args.Select(a => a.Kind == PgKind.Bytea ? 3 : PgTypes.IsNumber(a.Kind) || IsNumericTime(a) ? 1 : 2).ToList();
        var rank = greatest ? ranks.Max() : ranks.Min();
        var (kind, sql, _) = Unify([.. args.Where((_, i) => ranks[i] == rank)]);
        if (kind is PgKind.Json or PgKind.Jsonb or PgKind.Other) throw Refuse("max() or min() compares JSON");
        var call = args.FirstOrDefault(a => a.Column is not null || a.CollateSaid)?.Collation is { } collation && rank == 2 ? CollatedExtreme(greatest, sql, collation)
            : sql.Length == 1 ? sql[0]
            : $"{(greatest ? "greatest" : "least")}({string.Join(", ", kind == PgKind.Text ? sql.Select((s, i) => i == 0 ? $"{s} COLLATE \"C\"" : s) : sql)})";
        return new Term(tests.Count == 0 ? call : $"CASE WHEN {string.Join(" OR ", tests)} THEN NULL ELSE {call} END", kind, true) { NotNull = tests.Count == 0, Spelling = SharedSpelling(args) };
    }

    // Of equal values, min() yields the last and max() the first (run).
    private string CollatedExtreme(bool greatest, string[] sql, string collation)
    {
        Context.NeedsStable("max() or min() without regard to case");
        return $"(SELECT u.v FROM unnest(ARRAY[{string.Join(", ", sql)}]) WITH ORDINALITY AS u(v, n) ORDER BY {Collated(new Term("u.v", PgKind.Text, true), collation)} COLLATE \"C\"{(greatest ? " DESC, u.n" : ", u.n DESC")} LIMIT 1)";
    }

    private Term? TextFunction(string name, Term[] args)
    {
        if (args.Any(a => a.Kind == PgKind.Null) && name is "length" or "upper" or "lower" or "trim" or "ltrim" or "rtrim" or "replace" or "substr" or "substring" or "instr" or "unicode" or "octet_length") return NullTerm;
        var notNull = args.All(a => a.NotNull);
        Term Text(string sql) => new(sql, PgKind.Text, true) { NotNull = notNull };
        switch (name, args.Length)
        {
            case ("length", 1) or ("octet_length", 1): return Length(args[0], name == "octet_length");
            case ("upper", 1) or ("lower", 1): return Text($"{name}({ToText(args[0])} COLLATE \"C\")");
            case ("trim", 1) or ("ltrim", 1) or ("rtrim", 1) or ("trim", 2) or ("ltrim", 2) or ("rtrim", 2):
                return Text($"{(name == "trim" ? "btrim" : name)}({string.Join(", ", args.Select(ToText))}{(args.Length == 1 ? ", ' '" : "")})");
            case ("replace", 3): return Text($"replace({ToText(args[0])}, {ToText(args[1])}, {ToText(args[2])})");
            case ("substr", 2 or 3) or ("substring", 2 or 3): return Substring(args);
            case ("instr", 2):
                if (args[0].Kind == PgKind.Bytea && args[1].Kind == PgKind.Bytea && !args[0].Mixed && !args[1].Mixed)
                    return new Term($"position({args[1].Operand} IN {args[0].Operand})", PgKind.Int, true) { NotNull = notNull, Narrow = true };
                return new Term($"strpos({ToText(args[0])}, {ToText(args[1])})", PgKind.Int, true) { NotNull = notNull, Narrow = true };
            case ("hex", 1): return Hex(args[0], true);
            case ("quote", 1): return Quoted(args[0]);
            case ("unicode", 1): return new Term($"nullif(ascii({ToText(args[0])}), 0)", PgKind.Int, true) { Narrow = true };
            case ("char", _):
                if (!args.All(a => a.Constant is long n and > 0 and < 0x110000 && n is < 0xD800 or > 0xDFFF))
                    return Text($"({string.Join(" || ", args.Select(a => Context.Helper("char", Integer(ToNumber(a)).Sql)))})") with { NotNull = false };
                return Constant(string.Concat(args.Select(a => char.ConvertFromUtf32((int)(long)a.Constant!))));
            case ("concat", >= 1):
                return Text(string.Join(" || ", args.Where(a => a.Kind != PgKind.Null).Select(a => a.NotNull ? ToText(a) : $"coalesce({ToText(a)}, '')").DefaultIfEmpty("''"))) with { Atomic = false, NotNull = true };
            case ("concat_ws", >= 2):
                Context.NeedsStable("concat_ws");
                return Text($"concat_ws({string.Join(", ", args.Select(ToText))})") with { NotNull = args[0].NotNull };
            case ("printf", >= 1) or ("format", >= 1): return Printf(args);
            case ("typeof", 1): return TypeOf(args[0]);
            default: return null;
        }
    }

    private Term Length(Term t, bool bytes)
    {
        if (t is { Kind: PgKind.Bytea, Mixed: true } && !bytes) throw Refuse($"the length of {Show(t)}, which holds values of several kinds");
        if (t.Kind == PgKind.Bytea) return new Term($"octet_length({t.Sql})", PgKind.Int, true) { NotNull = t.NotNull, Narrow = true };
        if (t.Kind == PgKind.Jsonb) throw Refuse($"the length of {Show(t)} is that of its text, and jsonb does not keep the spelling");
        if (t.Kind == PgKind.Date && t.Column?.NumericTime is null) return new Term($"length({ToText(t)})", PgKind.Int, true) { Narrow = true };
        if (PgTypes.IsMoment(t.Kind) && !IsNumericTime(t) && t.Spelling is null && Context.Immutable) throw Refuse($"the length of {Show(t)} is that of its text, and its type does not keep the spelling");
        return new Term($"{(bytes ? "octet_length" : "length")}({ToText(t)})", PgKind.Int, true) { NotNull = t.NotNull, Narrow = true };
    }

    private Term Substring(Term[] args)
    {
        if (args[0].Kind == PgKind.Bytea) return BlobPart(args);
        var text = ToText(args[0]);
        Term Result(string sql) => new(sql, PgKind.Text, true) { NotNull = args.All(a => a.NotNull) };
        var length = args.Length == 3 ? ToNumber(args[2]) : null;
        if (ToNumber(args[1]) is { Constant: long start } && length is null or { Constant: long and >= 0 })
        {
            var tail = length is null ? "" : $", {length.Constant}";
            if (start > 0) return Result($"substr({text}, {start}{tail})");
            if (start < 0 && length is null && start > int.MinValue) return Result($"right({text}, {-start})");
            if (start < 0) return Result($"substr({text}, length({text}) - {-start - 1}{tail})");
        }
        return Result(Context.Helper("substr", text, Integer(ToNumber(args[1])).Sql, length is null ? "NULL" : Integer(length).Sql));
    }

    private Term BlobPart(Term[] args)
    {
        var (blob, from, size) = (args[0], Integer(ToNumber(args[1])), args.Length == 3 ? Integer(ToNumber(args[2])) : null);
        if (blob.Mixed) throw Refuse($"substr() of {Show(blob)}, which holds values of several kinds");
        if (from.Constant is not long start || start == 0 || start < 0 && size is not null || size is not null and not { Constant: long and >= 0 }) throw Refuse("substr() of a blob from a place that is not a constant");
        var place = start > 0 ? $"{start}" : $"greatest(octet_length({blob.Sql}) - {-start - 1}, 1)";
        // Of an empty blob SQLite gives NULL.
        return new Term($"substring(nullif({blob.Sql}, ''::bytea) FROM {place}{(size is null ? "" : $" FOR {size.Sql}")})", PgKind.Bytea, true);
    }

    private Term Hex(Term t, bool upper)
    {
        if (t.Kind == PgKind.Null) return Constant("");
        var bytes = t.Kind == PgKind.Bytea ? t.Sql : Bytes(ToText(t));
        var hex = $"encode({bytes}, 'hex')";
        if (upper) hex = $"upper({hex})";
        return new Term(t.NotNull ? hex : $"coalesce({hex}, '')", PgKind.Text, true) { NotNull = true };
    }

    private Term Quoted(Term t)
    {
        var quoted = t.Kind switch
        {
            PgKind.Null => "NULL",
            PgKind.Int or PgKind.Bool or PgKind.Real or PgKind.Numeric => ToText(t),
            PgKind.Bytea when t.Mixed => throw Refuse("quote() of a value whose kind is not known"),
            PgKind.Bytea => $"'X''' || upper(encode({t.Sql}, 'hex')) || ''''",
            PgKind.Text when t.Mixed => throw Refuse("quote() of a value whose kind is not known"),
            _ => $"'''' || replace({ToText(t)}, '''', '''''') || ''''",
        };
        return new Term(t.NotNull ? $"({quoted})" : $"coalesce({quoted}, 'NULL')", PgKind.Text, true) { NotNull = true };
    }

    private Term TypeOf(Term t)
    {
        if (t.Kind == PgKind.Null) return Constant("null");
        if (t.Mixed && IsWidened(t))
        {
            var number = Context.Helper("as_number", t.Sql);
            var kind = t.Affinity == "REAL" ? "'real'" : $"CASE WHEN {t.Operand} ~ '[.eE]' THEN 'real' ELSE 'integer' END";
            return new Term($"CASE WHEN {t.Operand} IS NULL THEN 'null' WHEN {number} IS NULL THEN 'text' ELSE {kind} END", PgKind.Text, true) { NotNull = true };
        }
        if (t.Mixed || t.Kind == PgKind.Text && t.Column is { Affinity: not ("TEXT" or ""), OnlyText: false }) throw Refuse($"typeof() of {Show(t)}, which holds values of several kinds");
        if (t.Kind == PgKind.Numeric)
            return new Term($"CASE WHEN {t.Operand} IS NULL THEN 'null' WHEN {t.Operand} = trunc({t.Sql}) THEN 'integer' ELSE 'real' END", PgKind.Text, true) { NotNull = true };
        var name = t.Kind switch
        {
            PgKind.Int or PgKind.Bool => "integer",
            PgKind.Real => "real",
            PgKind.Bytea => "blob",
            _ when t.Column?.NumericTime is "JulianTimestamp" or "JulianDate" => "real",
            _ when t.Column?.NumericTime is not null => "integer",
            PgKind.Other => throw Refuse($"typeof() of {Show(t)}"),
            _ => "text",
        };
        return new Term(t.NotNull ? $"'{name}'" : $"CASE WHEN {t.Operand} IS NULL THEN 'null' ELSE '{name}' END", PgKind.Text, true) { NotNull = true, TypeOf = (t, name) };
    }

    private Term? NumberFunction(string name, Term[] args)
    {
        switch (name, args.Length)
        {
            case ("likely", 1) or ("unlikely", 1) or ("likelihood", 2): return args[0];
            case ("random", 0): Context.NeedsStable("random()"); return new Term(Context.Helper("random"), PgKind.Int, true) { NotNull = true };
            case ("randomblob", 1):
                Context.NeedsStable("randomblob()");
                return new Term(Context.Helper("random_bytes", Integer(ToNumber(args[0])).Sql), PgKind.Bytea, true) { NotNull = args[0].NotNull };
            case ("zeroblob", 1) when args[0].Constant is long n and >= 0 and <= 1 << 20: return Constant(new byte[n]);
            case ("zeroblob", 1): return new Term($"decode(repeat('00', coalesce({Integer(ToNumber(args[0])).Sql}, 0)::int), 'hex')", PgKind.Bytea, true) { NotNull = true };
        }
        if (args.Any(a => a.Kind == PgKind.Null) && name is "abs" or "round" or "sign" or "ceil" or "ceiling" or "floor" or "sqrt" or "pow" or "power" or "mod" or "ln" or "log" or "log10" or "log2" or "exp" or "trunc") return NullTerm;
        Term Number(int i = 0) => ToNumber(args[i]);
        string Real(int i) => $"{ToNumber(args[i]).Operand}::float8";
        switch (name, args.Length)
        {
            case ("abs", 1):
                var x = Number();
                return x with { Sql = $"abs({x.Sql})", Atomic = true, Constant = null, Affinity = null, Column = null };
            case ("round", 1 or 2):
                var digits = args.Length == 1 ? "0" : args[1].Constant is long d ? $"{Math.Clamp(d, 0, 30)}" : throw Refuse("round() to a number of digits that is not a constant");
                return new Term($"round({Number().Operand}::numeric, {digits})::float8", PgKind.Real, true) { NotNull = args[0].NotNull };
            case ("sign", 1):
                // A text that is no number has no sign.
                if (args[0].Constant is string word && SqliteNumbers.WellFormed(word) is null) return NullTerm;
                var signed = args[0] is { Kind: PgKind.Text, Constant: null, Digits: null } ? new Term(Context.Helper("as_number", args[0].Sql), PgKind.Numeric, true) : Number();
                return new Term($"sign({signed.Sql})::int", PgKind.Int, true) { NotNull = signed.NotNull, Narrow = true };
            case ("ceil", 1) or ("ceiling", 1) or ("floor", 1):
                var n = Number();
                return n.Kind == PgKind.Int ? n : new Term($"{(name == "floor" ? "floor" : "ceil")}({n.Sql})", n.Kind, true) { NotNull = n.NotNull };
            case ("sqrt", 1):
                var root = Number();
                return new Term($"CASE WHEN {root.Operand} >= 0 THEN sqrt({root.Operand}::float8) END", PgKind.Real, true);
            case ("pow" or "power", 2): return new Term(Context.Helper("power", Real(0), Real(1)), PgKind.Real, true);
            case ("exp" or "sin" or "cos" or "tan" or "atan" or "radians" or "degrees" or "cbrt" or "sinh" or "cosh" or "tanh" or "asinh", 1):
                return new Term($"{name}({Real(0)})", PgKind.Real, true) { NotNull = args[0].NotNull };
            case ("asin" or "acos", 1): return new Term($"CASE WHEN {Real(0)} BETWEEN -1 AND 1 THEN {name}({Real(0)}) END", PgKind.Real, true);
            case ("atan2", 2): return new Term($"atan2({Real(0)}, {Real(1)})", PgKind.Real, true);
            case ("ln", 1): return new Term($"CASE WHEN {Real(0)} > 0 THEN ln({Real(0)}) END", PgKind.Real, true);
            case ("log" or "log10", 1): return new Term($"CASE WHEN {Real(0)} > 0 THEN log({Real(0)}) END", PgKind.Real, true);
            case ("log2", 1): return new Term($"CASE WHEN {Real(0)} > 0 THEN ln({Real(0)}) / ln(2::float8) END", PgKind.Real, true);
            case ("log", 2): return new Term($"CASE WHEN {Real(0)} > 0 AND {Real(1)} > 0 AND {Real(0)} <> 1 THEN ln({Real(1)}) / ln({Real(0)}) END", PgKind.Real, true);
            case ("mod", 2): return new Term($"mod({Real(0)}::numeric, nullif({Real(1)}::numeric, 0))::float8", PgKind.Real, true);
            case ("trunc", 1):
                var whole = Number();
                return whole.Kind == PgKind.Int ? whole : new Term($"trunc({whole.Sql})", whole.Kind, true) { NotNull = whole.NotNull };
            case ("pi", 0): return new Term("pi()", PgKind.Real, true) { NotNull = true };
            default: return null;
        }
    }
}
