using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Godwit.Cli.Logging;

/// <summary>
/// A log of one JSON object a line: time (UTC), level, event, message, the message's named values, and an exception's type and stack.
/// Lines are flushed as they are written, so that a killed process leaves its last words.
/// </summary>
internal sealed class JsonLinesLogger : ILogger, IDisposable
{
    private readonly Lock _gate = new();
    private readonly StreamWriter _file;
    private readonly TimeProvider _clock;
    private readonly SecretMask _secrets;

    private JsonLinesLogger(StreamWriter file, TimeProvider clock, SecretMask secrets)
    {
        _file = file;
        _clock = clock;
        _secrets = secrets;
    }

    public static JsonLinesLogger Open(string path, TimeProvider clock, SecretMask secrets)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            return new(new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true }, clock, secrets);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Usage, "log-unwritable", $"the log {path} cannot be written: {e.Message}", "Give --log a file in a folder that exists.", e);
        }
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Debug and < LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", _clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", logLevel.ToString());
            if (eventId.Id != 0) json.WriteNumber("event_id", eventId.Id);
            if (eventId.Name is { } name) json.WriteString("event", name);
            json.WriteString("message", _secrets.Apply(formatter(state, exception)));
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values) WriteValues(json, values);
            if (exception is not null) json.WriteString("exception", _secrets.Apply(exception.ToString()));
            json.WriteEndObject();
        }
        var line = Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        lock (_gate) _file.WriteLine(line);
    }

    private void WriteValues(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        foreach (var (key, value) in values)
        {
            if (key == "{OriginalFormat}") continue;
            switch (value)
            {
                case null: json.WriteNull(key); break;
                case bool flag: json.WriteBoolean(key, flag); break;
                case int number: json.WriteNumber(key, number); break;
                case long number: json.WriteNumber(key, number); break;
                case double number when double.IsFinite(number): json.WriteNumber(key, number); break;
                case TimeSpan span: json.WriteNumber(key, span.TotalSeconds); break;
                default: json.WriteString(key, _secrets.Apply(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")); break;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate) _file.Dispose();
    }
}
