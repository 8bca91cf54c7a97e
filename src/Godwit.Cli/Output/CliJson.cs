using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Godwit.Check;
using Godwit.Journal;
using Godwit.Supabase.Rls;
using Godwit.Verify;

namespace Godwit.Cli.Output;

/// <summary>Serialises the documents: snake_case names, enums as snake_case words, durations in seconds. Generated at build, no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    Converters = [typeof(SecondsConverter), typeof(WordConverter<Severity>), typeof(WordConverter<Stage>), typeof(WordConverter<Verdict>),
        typeof(WordConverter<VerifyMode>), typeof(WordConverter<RunState>), typeof(WordConverter<Readiness>), typeof(WordConverter<RlsRole>), typeof(WordConverter<RlsAction>), typeof(WordConverter<Reach>)])]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(MigrateDocument))]
[JsonSerializable(typeof(CheckDocument))]
[JsonSerializable(typeof(VerifyDocument))]
[JsonSerializable(typeof(StatusDocument))]
[JsonSerializable(typeof(FollowDocument))]
[JsonSerializable(typeof(CutoverDocument))]
[JsonSerializable(typeof(FinishDocument))]
[JsonSerializable(typeof(ConfigDocument))]
[JsonSerializable(typeof(LocalDocument))]
[JsonSerializable(typeof(RlsDocument))]
[JsonSerializable(typeof(EventLine))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>One document as text: indented for --json, one line for --json-events.</summary>
    public static string Text<T>(T document, bool indented)
    {
        var options = new JsonSerializerOptions(Default.Options)
        {
            // Names in other scripts and SQL stay readable; the text is never put into HTML as it is.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = indented,
            DefaultIgnoreCondition = document is EventLine ? JsonIgnoreCondition.WhenWritingNull : JsonIgnoreCondition.Never,
        };
        return JsonSerializer.Serialize(document, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));
    }
}

internal sealed class WordConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower) where T : struct, Enum;

internal sealed class SecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => TimeSpan.FromSeconds(reader.GetDouble());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(Math.Round(value.TotalSeconds, 6));
}
