using System.Globalization;

namespace Godwit.TypeMapping;

/// <summary>A PostgreSQL type that Godwit can write, in PostgreSQL's own spelling, with its encoding and limits.</summary>
internal readonly record struct PgTypeName(string Name, CellEncoding Encode, int Length = 0, int Precision = 0, int Scale = 0)
{
    public const int MaxVarcharLength = 10_485_760, MaxPrecision = 1000;

    private const string Supported = "smallint integer bigint real double precision numeric numeric(p,s) boolean text varchar varchar(n) char(n) citext " +
        "bytea uuid json jsonb date time time(p) timestamp timestamp(p) timestamptz timestamptz(p)";

    public static PgTypeName Parse(string text, string subject) => TryParse(text) ?? throw Unsupported(text, subject);

    private static PgTypeName? TryParse(string text)
    {
        var name = string.Join(' ', text.ToLowerInvariant().Replace("(", " ( ", StringComparison.Ordinal).Replace(")", " ) ", StringComparison.Ordinal)
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        int[] arguments = [];
        var open = name.IndexOf(" (", StringComparison.Ordinal);
        var close = name.IndexOf(')', StringComparison.Ordinal);
        if (open > 0 && close > open)
        {
            var parts = name[(open + 2)..close].Split(',', StringSplitOptions.TrimEntries);
            if (!Array.TrueForAll(parts, p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out _))) return null;
            arguments = [.. parts.Select(p => int.Parse(p, CultureInfo.InvariantCulture))];
            name = (name[..open] + name[(close + 1)..]).Trim();
        }
        return Of(name, arguments);
    }

    private static PgTypeName? Of(string name, int[] arguments) => (name, arguments) switch
    {
        ("smallint" or "int2", []) => new("smallint", CellEncoding.Int2),
        ("integer" or "int" or "int4", []) => new("integer", CellEncoding.Int4),
        ("bigint" or "int8", []) => new("bigint", CellEncoding.Int8),
        ("real" or "float4", []) => new("real", CellEncoding.Float4),
        ("double precision" or "double" or "float8" or "float", []) => new("double precision", CellEncoding.Float8),
        ("numeric" or "decimal" or "dec", []) => new("numeric", CellEncoding.Numeric),
        ("numeric" or "decimal" or "dec", [var p]) => Numeric(p, 0),
        ("numeric" or "decimal" or "dec", [var p, var s]) => Numeric(p, s),
        ("boolean" or "bool", []) => new("boolean", CellEncoding.Bool),
        ("text", []) => new("text", CellEncoding.Text),
        ("citext", []) => new("citext", CellEncoding.Text),
        ("varchar" or "character varying", []) => new("varchar", CellEncoding.Text),
        ("varchar" or "character varying", [var n]) => Text("varchar", n),
        ("char" or "character" or "bpchar", [var n]) => Text("char", n),
        ("char" or "character", []) => Text("char", 1),
        ("bytea", []) => new("bytea", CellEncoding.Bytea),
        ("uuid", []) => new("uuid", CellEncoding.Uuid),
        ("json", []) => new("json", CellEncoding.Json),
        ("jsonb", []) => new("jsonb", CellEncoding.Jsonb),
        ("date", []) => new("date", CellEncoding.Date),
        ("time" or "time without time zone", []) => new("time", CellEncoding.Time),
        ("time" or "time without time zone", [var p]) => Clock("time", CellEncoding.Time, p),
        ("timestamp" or "timestamp without time zone", []) => new("timestamp", CellEncoding.Timestamp),
        ("timestamp" or "timestamp without time zone", [var p]) => Clock("timestamp", CellEncoding.Timestamp, p),
        ("timestamptz" or "timestamp with time zone", []) => new("timestamptz", CellEncoding.TimestampTz),
        ("timestamptz" or "timestamp with time zone", [var p]) => Clock("timestamptz", CellEncoding.TimestampTz, p),
        _ => null,
    };

    public static PgTypeName? Numeric(int precision, int scale) =>
        precision is >= 1 and <= MaxPrecision && scale >= 0 && scale <= precision ? new($"numeric({precision},{scale})", CellEncoding.Numeric, 0, precision, scale) : null;

    public static PgTypeName? Text(string name, int length) =>
        length is >= 1 and <= MaxVarcharLength ? new($"{name}({length})", CellEncoding.Text, length) : null;

    private static PgTypeName? Clock(string name, CellEncoding encode, int digits) => digits is >= 0 and <= 6 ? new($"{name}({digits})", encode, Scale: 6 - digits) : null;

    /// <summary>A column that the target has: also of types that no source column becomes by itself. Null where Godwit does not write the type.</summary>
    public static PgTypeName? OfExisting(string text) => text switch
    {
        "inet" => new(text, CellEncoding.Inet),
        "interval" => new(text, CellEncoding.Interval),
        "xml" => new(text, CellEncoding.Text),
        _ => TryParse(text),
    };

    private static GodwitException Unsupported(string text, string subject) =>
        new(ErrorKind.Usage, "cast-type-unsupported", $"{subject} cannot be cast to '{text.Trim()}': Godwit does not write this type.", $"Use one of: {Supported}.");
}
