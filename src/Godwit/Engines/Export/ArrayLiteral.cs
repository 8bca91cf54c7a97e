using System.Text;
using System.Text.Json;

namespace Godwit.Engines.Export;

/// <summary>The dashboard writes an array as JSON; PostgreSQL reads it as {a,"b c",NULL}.</summary>
internal static class ArrayLiteral
{
    /// <summary>Null where the text is no JSON array: it is PostgreSQL's own form then.</summary>
    public static string? OfJson(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith("[")) return null;
        try
        {
            using var json = JsonDocument.Parse(text);
            // "[0:1]={a,b}" is PostgreSQL's, and no JSON.
            return json.RootElement.ValueKind == JsonValueKind.Array ? Write(json.RootElement, new StringBuilder()).ToString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static StringBuilder Write(JsonElement array, StringBuilder to)
    {
        to.Append('{');
        var first = true;
        foreach (var item in array.EnumerateArray())
        {
            if (!first) to.Append(',');
            first = false;
            if (item.ValueKind == JsonValueKind.Array) Write(item, to);
            else if (item.ValueKind == JsonValueKind.Null) to.Append("NULL");
            else Quoted(item.ValueKind == JsonValueKind.String ? item.GetString()! : item.GetRawText(), to);
        }
        return to.Append('}');
    }

    private static void Quoted(string value, StringBuilder to)
    {
        to.Append('"');
        foreach (var c in value)
        {
            if (c is '"' or '\\') to.Append('\\');
            to.Append(c);
        }
        to.Append('"');
    }
}
