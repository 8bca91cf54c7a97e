using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Godwit.Schema;
using Godwit.Source;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// A plan as a JSON document with a format_version: written by <c>godwit plan -o</c>, reviewed, executed by <c>godwit migrate --plan</c>.
/// </summary>
public static class PlanJson
{
    private static readonly JsonSerializerOptions s_options = new(PlanJsonContext.Default.Options)
    {
        // SQL and names in other scripts stay readable; the text is never put into HTML as it is.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(MigrationPlan plan) => JsonSerializer.Serialize(plan, s_options.GetTypeInfo(typeof(MigrationPlan)));

    /// <summary>Throws a <see cref="GodwitException"/> (plan-invalid, plan-format) where the text is not a plan of this format.</summary>
    public static MigrationPlan Read(string json)
    {
        try
        {
            using (var document = JsonDocument.Parse(json)) CheckFormat(document.RootElement);
            return (MigrationPlan?)JsonSerializer.Deserialize(json, s_options.GetTypeInfo(typeof(MigrationPlan))) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new GodwitException(ErrorKind.Usage, "plan-invalid", $"not a plan: {e.Message}", "Write it again with `godwit plan SOURCE -o plan.json`.", e);
        }
    }

    private static void CheckFormat(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format_version", out var format)) throw new JsonException("it has no format_version");
        if (format.ValueKind == JsonValueKind.Number && format.TryGetInt32(out var number) && number == MigrationPlan.CurrentFormat) return;
        throw new GodwitException(ErrorKind.Usage, "plan-format", $"the plan has format_version {format}; this Godwit reads {MigrationPlan.CurrentFormat}",
            "Write it again with `godwit plan SOURCE -o plan.json`.");
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(SqlNameConverter), typeof(ColumnEncodingConverter), typeof(PlanWordConverter<StepKind>), typeof(PlanWordConverter<Fidelity>), typeof(PlanWordConverter<Severity>), typeof(PlanWordConverter<RowFormat>)])]
[JsonSerializable(typeof(MigrationPlan))]
internal sealed partial class PlanJsonContext : JsonSerializerContext;

internal sealed class PlanWordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) where T : struct, Enum;

/// <summary>A name as {"schema": ..., "name": ...}: unquoted, so that a reviewer sees the name itself.</summary>
internal sealed class SqlNameConverter : JsonConverter<SqlName>
{
    public override SqlName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        return new(root.GetProperty("schema").GetString(), root.GetProperty("name").GetString() ?? throw new JsonException("a name is missing"));
    }

    public override void Write(Utf8JsonWriter writer, SqlName value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", value.Schema);
        writer.WriteString("name", value.Name);
        writer.WriteEndObject();
    }
}

/// <summary>An encoding as an object that leaves out what is not set.</summary>
internal sealed class ColumnEncodingConverter : JsonConverter<ColumnEncoding>
{
    public override ColumnEncoding Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        int Number(string name) => root.TryGetProperty(name, out var value) ? value.GetInt32() : 0;
        var word = root.GetProperty("kind").GetString() ?? "";
        foreach (var kind in Enum.GetValues<CellEncoding>())
        {
            if (Word(kind) != word) continue;
            return new(kind, Number("length"), Number("precision"), Number("scale"), root.TryGetProperty("proven", out var proven) && proven.GetBoolean(),
                root.TryGetProperty("rounds", out var rounds) && rounds.GetBoolean(), root.TryGetProperty("labels", out var labels) ? labels.GetString() : null)
            {
                Geometry = root.TryGetProperty("geometry", out var geometry) ? Limits(geometry) : null,
            };
        }
        throw new JsonException($"unknown encoding '{word}'");
    }

    public override void Write(Utf8JsonWriter writer, ColumnEncoding value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", Word(value.Kind));
        if (value.Length != 0) writer.WriteNumber("length", value.Length);
        if (value.Precision != 0) writer.WriteNumber("precision", value.Precision);
        if (value.Scale != 0) writer.WriteNumber("scale", value.Scale);
        if (value.Proven) writer.WriteBoolean("proven", true);
        if (value.Rounds) writer.WriteBoolean("rounds", true);
        if (value.Labels is not null) writer.WriteString("labels", value.Labels);
        if (value.Geometry is { } geometry) WriteLimits(writer, geometry);
        writer.WriteEndObject();
    }

    private static void WriteLimits(Utf8JsonWriter writer, GeometryLimits limits)
    {
        writer.WriteStartObject("geometry");
        writer.WriteString("kind", GeometryLimits.Kinds[limits.Kind].ToLowerInvariant());
        writer.WriteNumber("srs", limits.Srs);
        writer.WriteNumber("srid", limits.Srid);
        if (limits.Typed) writer.WriteBoolean("typed", true);
        if (limits.HasZ) writer.WriteBoolean("z", true);
        if (limits.HasM) writer.WriteBoolean("m", true);
        if (limits.OneSystem) writer.WriteBoolean("one_system", true);
        writer.WriteEndObject();
    }

    private static GeometryLimits Limits(JsonElement from)
    {
        bool Is(string name) => from.TryGetProperty(name, out var value) && value.GetBoolean();
        var kind = GeometryLimits.KindOf(from.GetProperty("kind").GetString() ?? "");
        if (kind < 0) throw new JsonException("unknown kind of geometry");
        return new(kind, from.GetProperty("srs").GetInt32(), from.GetProperty("srid").GetInt32()) { Typed = Is("typed"), HasZ = Is("z"), HasM = Is("m"), OneSystem = Is("one_system") };
    }

    private static string Word(CellEncoding kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());
}
