using System.Text.Json;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>SQLite's JSON functions over jsonb.</summary>
internal sealed partial class ExpressionTranslator
{
    public static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 });
            return true;
        }
        catch (JsonException) { return false; }
    }

    /// <summary>The argument of a JSON function as jsonb.</summary>
    public string ToJsonb(Term t) => t.Kind switch
    {
        PgKind.Jsonb => t.Operand,
        PgKind.Json => $"{t.Operand}::jsonb",
        PgKind.Text when t.Json is { } json => json,
        PgKind.Text => $"{t.Operand}::jsonb",
        PgKind.Null => "NULL::jsonb",
        PgKind.Int or PgKind.Real or PgKind.Numeric => $"{t.Operand}::text::jsonb",
        _ => throw Refuse($"{Show(t)} is read as JSON"),
    };

    /// <summary>The member at a path: '$.a[0]."b c"', or a bare key or index as -> takes it.</summary>
    private string Member(Term json, Term path, bool arrow)
    {
        var sql = ToJsonb(json);
        if (path.Constant is long index) return arrow ? Context.Helper("json_item", sql, $"{index}") : throw Refuse("a JSON path is a number");
        if (path.Constant is not string text) throw Refuse("a JSON path is not a constant");
        if (arrow && !text.StartsWith('$')) return $"({sql} -> {TextLiteral(text)})";
        if (!text.StartsWith('$')) throw Refuse($"the JSON path {text} does not begin with $");
        var steps = Steps(text);
        foreach (var step in steps) sql = step.StartsWith('\'') ? $"{sql} -> {step}" : Context.Helper("json_item", sql, step);
        return steps.Count > 0 && steps[^1].StartsWith('\'') ? $"({sql})" : sql;
    }

    private static List<string> Steps(string path)
    {
        var steps = new List<string>();
        for (var i = 1; i < path.Length;)
        {
            if (path[i] == '.')
            {
                string key;
                if (i + 1 < path.Length && path[i + 1] == '"')
                {
                    var close = path.IndexOf('"', i + 2);
                    if (close < 0) throw Refuse($"the JSON path {path} is broken");
                    key = path[(i + 2)..close];
                    i = close + 1;
                }
                else
                {
                    var end = path.IndexOfAny(['.', '['], i + 1);
                    if (end < 0) end = path.Length;
                    key = path[(i + 1)..end];
                    i = end;
                }
                if (key.Length == 0) throw Refuse($"the JSON path {path} is broken");
                steps.Add(TextLiteral(key));
            }
            else if (path[i] == '[')
            {
                var close = path.IndexOf(']', i);
                if (close < 0) throw Refuse($"the JSON path {path} is broken");
                var inner = path[(i + 1)..close];
                if (inner.StartsWith("#-", StringComparison.Ordinal)) inner = inner[1..];
                if (!int.TryParse(inner, out var index)) throw Refuse($"the JSON path {path} is not a plain one");
                steps.Add($"{index}");
                i = close + 1;
            }
            else throw Refuse($"the JSON path {path} is broken");
        }
        return steps;
    }

    private Term JsonArrow(Term json, Term path, bool asValue)
    {
        if (json.Kind == PgKind.Null || path.Kind == PgKind.Null) return NullTerm;
        var member = Member(json, path, true);
        return asValue ? JsonValue(member) : new Term(member, PgKind.Jsonb, true) { ShownAsText = true };
    }

    /// <summary>A JSON value as SQL: text, numbers, 0 and 1; objects and arrays as JSON text.</summary>
    private Term JsonValue(string json) => new(Context.Helper("json_value", json), PgKind.Text, true) { Mixed = true, Json = json };

    private Term JsonExtract(Term[] args)
    {
        if (args[0].Kind == PgKind.Null) return NullTerm;
        if (args.Length == 2) return JsonValue(Member(args[0], args[1], false));
        var members = $"jsonb_build_array({string.Join(", ", args[1..].Select(p => Member(args[0], p, false)))})";
        return new Term(args[0].NotNull ? members : $"CASE WHEN {ToJsonb(args[0])} IS NOT NULL THEN {members} END", PgKind.Jsonb, true);
    }

    private Term JsonFunction(string name, Term[] args)
    {
        switch (name)
        {
            case "json_extract" when args.Length >= 2: return JsonExtract(args);
            case "json" when args.Length == 1: return new Term(args[0].Kind == PgKind.Text ? $"{args[0].Operand}::json" : args[0].Sql, args[0].Kind == PgKind.Text ? PgKind.Json : args[0].Kind, args[0].Kind == PgKind.Text || args[0].Atomic) { ShownAsText = true, NotNull = args[0].NotNull };
            case "json_valid" when args.Length == 1: return JsonValid(args[0]);
            case "json_array_length" when args.Length is 1 or 2:
                var array = args.Length == 2 ? Member(args[0], args[1], false) : ToJsonb(args[0]);
                return new Term($"CASE WHEN jsonb_typeof({array}) = 'array' THEN jsonb_array_length({array}) WHEN {array} IS NOT NULL THEN 0 END", PgKind.Int, true) { Narrow = true };
            case "json_type" when args.Length is 1 or 2:
                var value = args.Length == 2 ? Member(args[0], args[1], false) : ToJsonb(args[0]);
                return new Term($"CASE jsonb_typeof({value}) WHEN 'string' THEN 'text' WHEN 'boolean' THEN {value}::text WHEN 'number' THEN CASE WHEN {value}::text ~ '[.eE]' THEN 'real' ELSE 'integer' END ELSE jsonb_typeof({value}) END", PgKind.Text, true);
            case "json_array" when Context.Immutable: return new Term($"('[' || {string.Join(" || ',' || ", args.Select(JsonSpelled).DefaultIfEmpty("''"))} || ']')::json", PgKind.Json, true) { NotNull = true };
            case "json_object" when Context.Immutable && args.Length % 2 == 0:
                var members = args.Chunk(2).Select(m => $"{JsonSpelled(m[0])} || ':' || {JsonSpelled(m[1])}").DefaultIfEmpty("''");
                return new Term($"('{{' || {string.Join(" || ',' || ", members)} || '}}')::json", PgKind.Json, true) { NotNull = true };
            case "json_array": return new Term($"jsonb_build_array({string.Join(", ", args.Select(JsonItem))})", PgKind.Jsonb, true) { NotNull = true };
            case "json_object" when args.Length % 2 == 0:
                Context.Note("JSON objects are built as jsonb: the order of their keys may differ.");
                return new Term($"jsonb_build_object({string.Join(", ", args.Select(JsonItem))})", PgKind.Jsonb, true) { NotNull = true };
            case "json_quote" when args.Length == 1:
                return args[0].Kind is PgKind.Json or PgKind.Jsonb ? args[0] : new Term(JsonSpelled(args[0]), PgKind.Text, true) { NotNull = true };
            case "json_set" or "json_insert" or "json_replace" when args.Length >= 3 && args.Length % 2 == 1: return Changed(name, args);
            case "json_remove" when args.Length >= 1:
                return new Term($"({ToJsonb(args[0])}{string.Concat(args[1..].Select(p => $" #- {Path(p)}"))})", PgKind.Jsonb, true);
            case "json_patch" when args.Length == 2: return new Term(Context.Helper("json_patch", ToJsonb(args[0]), ToJsonb(args[1])), PgKind.Jsonb, true);
            default: throw Refuse($"{name}() with these arguments is not translated");
        }
    }

    // '$.a[0].b' as {a,0,b}, for the functions that change a document.
    private static string Path(Term path)
    {
        if (path.Constant is not string text || !text.StartsWith('$')) throw Refuse("a JSON path is not a constant");
        return $"ARRAY[{string.Join(", ", Steps(text).Select(s => s.Contains('\'', StringComparison.Ordinal) ? s : $"'{s}'"))}]::text[]";
    }

    private Term Changed(string name, Term[] args)
    {
        var sql = ToJsonb(args[0]);
        for (var i = 1; i < args.Length; i += 2)
        {
            var path = Path(args[i]);
            var value = args[i + 1].Kind is PgKind.Json or PgKind.Jsonb ? ToJsonb(args[i + 1]) : $"{JsonSpelled(args[i + 1])}::jsonb";
            var set = $"jsonb_set({sql}, {path}, {value}, {(name == "json_replace" ? "false" : "true")})";
            sql = name == "json_insert" ? $"CASE WHEN {sql} #> {path} IS NULL THEN {set} ELSE {sql} END" : set;
        }
        Context.Note("JSON is changed as jsonb: the order of keys and the spaces may differ.");
        return new Term(sql, PgKind.Jsonb, name != "json_insert");
    }

    // As SQLite spells it, by functions that are IMMUTABLE.
    private string JsonSpelled(Term t)
    {
        var text = t.Json is { } json ? $"{json}::text"
            : t.Kind is PgKind.Json or PgKind.Jsonb || PgTypes.IsNumber(t.Kind) || IsNumericTime(t) ? ToText(t)
            : t.Kind is PgKind.Bytea or PgKind.Other ? throw Refuse("a blob is put into JSON")
            : Context.Helper("json_quote", ToText(t));
        return t.Kind == PgKind.Null ? "'null'" : t.NotNull ? text : $"coalesce({text}, 'null')";
    }

    private string JsonItem(Term t) => t.Json ?? (t.Kind switch
    {
        PgKind.Bool => $"{t.Operand}::int",
        PgKind.Text or PgKind.Null => $"{t.Operand}::text",
        PgKind.Date or PgKind.Time or PgKind.Timestamp or PgKind.TimestampTz => ToText(t),
        PgKind.Bytea => throw Refuse("a blob is put into JSON"),
        _ => t.Sql,
    });

    private Term JsonValid(Term t)
    {
        if (t.Kind is PgKind.Json or PgKind.Jsonb || t.Json is not null)
            return new Term(t.NotNull ? "true" : $"CASE WHEN {t.Operand} IS NOT NULL THEN true END", PgKind.Bool, true) { NotNull = t.NotNull };
        if (t.Kind == PgKind.Text) return new Term(Context.Helper("json_valid", t.Sql), PgKind.Bool, true) { NotNull = t.NotNull };
        if (PgTypes.IsNumber(t.Kind)) return new Term(t.NotNull ? "true" : $"CASE WHEN {t.Operand} IS NOT NULL THEN true END", PgKind.Bool, true) { NotNull = t.NotNull };
        throw Refuse($"json_valid() of {Show(t)}");
    }

    // A value taken from JSON has the kind that the JSON has, and no affinity.
    private Compared? JsonComparison(string op, Term l, Term r, bool nullSafe)
    {
        if (l.Json is null && r.Json is not null) return JsonComparison(Flip(op), r, l, nullSafe);
        if (l.Json is not { } json) return null;
        if (nullSafe && r.Constant is null) throw Refuse("a JSON value is compared by IS with another value");
        string Otherwise(bool less) => op switch { "=" => "false", "<>" => "true", "<" or "<=" => less ? "true" : "false", _ => less ? "false" : "true" };
        string? sql = null;
        if (r.Json is null && PgTypes.IsNumber(r.Kind))
        {
            var number = Number01(r).Kind == PgKind.Bool ? $"{r.Operand}::int" : Number01(r).Operand;
            var cast = r.Kind == PgKind.Real ? "float8" : "numeric";
            sql = $"CASE jsonb_typeof({json}) WHEN 'number' THEN ({json} #>> '{{}}')::{cast} {op} {number} WHEN 'boolean' THEN {json}::boolean::int {op} {number}"
                + $" WHEN 'string' THEN {Otherwise(false)} WHEN 'array' THEN {Otherwise(false)} WHEN 'object' THEN {Otherwise(false)} END";
        }
        else if (r.Json is null && r.Kind == PgKind.Text && (r.Constant is not null || !r.Mixed))
        {
            var collate = op is "=" or "<>" ? "" : " COLLATE \"C\"";
            sql = $"CASE jsonb_typeof({json}) WHEN 'number' THEN {Otherwise(true)} WHEN 'boolean' THEN {Otherwise(true)} WHEN 'null' THEN NULL ELSE ({json} #>> '{{}}'){collate} {op} {r.Operand} END";
        }
        else if (r.Json is not null && op is "=" or "<>") sql = $"{json} {op} {r.Json}";
        if (sql is null) throw Refuse("a JSON value is compared with a value whose kind is not known");
        return nullSafe ? Raw($"coalesce({sql}, {(op == "=" ? "false" : "true")})", true) : Raw(sql);
    }
}
