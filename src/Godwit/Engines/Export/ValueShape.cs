using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Godwit.Source;
using Npgsql;

namespace Godwit.Engines.Export;

internal enum ShapeKind { Plain, Json, Pairs, Array, Record, Numbers }

/// <summary>
/// What a type is made of, as far as JSON writes its values otherwise than PostgreSQL does: arrays (also in arrays), composite types, hstore, int2vector. A dashboard exports the
/// JSON that the data API answers, which is row_to_json's.
/// </summary>
internal sealed class ValueShape(ShapeKind kind, ImmutableArray<(string Name, ValueShape Shape)> parts, char delimiter)
{
    public static ValueShape Plain { get; } = new(ShapeKind.Plain, [], ',');

    public ShapeKind Kind => kind;

    /// <summary>The server reads its JSON by itself: all but hstore within other values, which it takes as PostgreSQL's own text alone.</summary>
    public bool IsReadBySql => parts.All(p => p.Shape.Kind != ShapeKind.Pairs && p.Shape.IsReadBySql);

    /// <summary>What PostgreSQL reads as the value; null where the text is not its JSON form, and so PostgreSQL's own.</summary>
    /// <exception cref="FormatException">Arrays within an array of json: lists of JSON, or an array of more dimensions?</exception>
    public string? OfJson(string text)
    {
        var begin = text.AsSpan().TrimStart();
        if (kind is ShapeKind.Plain or ShapeKind.Json || !begin.StartsWith(IsList ? "[" : "{")) return null;
        try
        {
            using var json = JsonDocument.Parse(text);
            return Text(json.RootElement);
        }
        catch (JsonException)
        {
            // "[0:1]={a,b}" is PostgreSQL's, and no JSON.
            return null;
        }
    }

    /// <summary>The server's own reading of the same, as an expression of a text that is in JSON form.</summary>
    public string? OfJsonSql(string name, string type) => kind switch
    {
        ShapeKind.Array or ShapeKind.Record => $"(SELECT v FROM json_to_record(json_build_object('v', {name}::json)) AS x(v {type}))",
        ShapeKind.Pairs => $"(SELECT coalesce(string_agg({Quoted("key")} || '=>' || coalesce({Quoted("value")}, 'NULL'), ','), '') FROM json_each_text({name}::json))::{type}",
        ShapeKind.Numbers => $"(SELECT coalesce(string_agg(v, ' ' ORDER BY o), '') FROM json_array_elements_text({name}::json) WITH ORDINALITY AS j(v, o))::{type}",
        _ => null,
    };

    private bool IsList => kind is ShapeKind.Array or ShapeKind.Numbers;

    /// <summary>A condition: this text is in JSON form.</summary>
    public string IsJsonSql(string name) => IsList ? $@"{name} ~ '^\s*\[' AND {name} !~ '^\s*(\[[-0-9]+:[-0-9]+\])+='" : $@"{name} ~ '^\s*\{{'";

    private static string Quoted(string name) => $"""'"' || replace(replace({name}, '\', '\\'), '"', '\"') || '"'""";

    private string? Text(JsonElement value) => (kind, value.ValueKind) switch
    {
        (_, JsonValueKind.Null) => null,
        (ShapeKind.Json, _) => value.GetRawText(),
        (ShapeKind.Array, JsonValueKind.Array) => Elements(value, new StringBuilder()).ToString(),
        (ShapeKind.Numbers, JsonValueKind.Array) => string.Join(' ', value.EnumerateArray().Select(n => n.GetRawText())),
        (ShapeKind.Record, JsonValueKind.Object) => Fields(value),
        (ShapeKind.Pairs, JsonValueKind.Object) => string.Join(", ", value.EnumerateObject().Select(p => $"{Escaped(p.Name)}=>{(p.Value.ValueKind == JsonValueKind.Null ? "NULL" : Escaped(Plain.Text(p.Value)!))}")),
        (_, JsonValueKind.String) => value.GetString(),
        _ => value.GetRawText(),
    };

    private StringBuilder Elements(JsonElement array, StringBuilder to)
    {
        to.Append('{');
        var first = true;
        foreach (var item in array.EnumerateArray())
        {
            if (!first) to.Append(delimiter);
            first = false;
            if (item.ValueKind == JsonValueKind.Array && parts[0].Shape.Kind == ShapeKind.Json) throw new FormatException();
            if (item.ValueKind == JsonValueKind.Array) Elements(item, to);
            else to.Append(parts[0].Shape.Text(item) is { } text ? Escaped(text) : "NULL");
        }
        return to.Append('}');
    }

    // PostgreSQL documentation, 8.16.6: in quotes, a quote or backslash is doubled.
    private string Fields(JsonElement value) =>
        $"({string.Join(',', parts.Select(p => value.TryGetProperty(p.Name, out var field) && p.Shape.Text(field) is { } text ? $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : ""))})";

    private static string Escaped(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    /// <summary>The shapes of a database's types, by oid.</summary>
    public static async Task<Func<string, ValueShape>> ReadAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var types = (await TextRows.ReadAsync(connection, "select t.oid, t.typtype, t.typcategory, t.typname, t.typelem, t.typbasetype, t.typrelid, e.typdelim from pg_type t left join pg_type e on e.oid = t.typelem", ct)).ToFrozenDictionary(r => r[0]!);
        var fields = (await TextRows.ReadAsync(connection, "select a.attrelid, a.attname, a.atttypid from pg_attribute a join pg_type t on t.typrelid = a.attrelid where t.typtype = 'c' and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum", ct)).ToLookup(r => r[0]!);
        ValueShape Of(string oid)
        {
            var type = types[oid];
            if (type[1] == "d") return Of(type[5]!);
            if (type[3] is "json" or "jsonb") return new(ShapeKind.Json, [], ',');
            if (type[3] == "hstore") return new(ShapeKind.Pairs, [], ',');
            if (type[3] is "int2vector" or "oidvector") return new(ShapeKind.Numbers, [], ',');
            if (type[2] == "A" && type[4] != "0") return new(ShapeKind.Array, [("", Of(type[4]!))], type[7]![0]);
            return type[1] == "c" ? new(ShapeKind.Record, [.. fields[type[6]!].Select(f => (f[1]!, Of(f[2]!)))], ',') : Plain;
        }
        return Of;
    }
}
