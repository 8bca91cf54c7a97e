namespace Godwit.Verify;

/// <summary>What the values of a column mean, by its PostgreSQL type. Decides how both sides are brought to one form.</summary>
internal enum CellForm : byte
{
    /// <summary>Bytes of the text. Also types that Godwit knows nothing about: their text output.</summary>
    Text,
    Bytes, Boolean, Integer, Float4, Float8, Numeric, Date, Time, Timestamp, TimestampTz, Uuid,
    /// <summary>json keeps the text as it was given, so that its bytes are compared.</summary>
    JsonText,
    /// <summary>An address and the length of its prefix.</summary>
    Inet,
    /// <summary>Months, and microseconds of which a day has 86,400 million.</summary>
    Interval,
    /// <summary>jsonb keeps structure: members in any order, numbers by value.</summary>
    Json,
    /// <summary>Reference system, kind and coordinates.</summary>
    Geometry,
    /// <summary>What an expression yields, whatever its kind (<see cref="LooseCell"/>).</summary>
    Computed,
}

internal static class CellForms
{
    public static CellForm Of(string pgType)
    {
        var type = pgType.Trim().ToLowerInvariant();
        var open = type.IndexOf('(', StringComparison.Ordinal);
        if (open >= 0)
        {
            var close = type.IndexOf(')', open);
            type = (type[..open].TrimEnd() + (close < 0 ? "" : type[(close + 1)..])).Trim();
        }
        return type switch
        {
            "smallint" or "int2" or "integer" or "int" or "int4" or "bigint" or "int8" => CellForm.Integer,
            "real" or "float4" => CellForm.Float4,
            "double precision" or "float8" or "float" => CellForm.Float8,
            "numeric" or "decimal" => CellForm.Numeric,
            "boolean" or "bool" => CellForm.Boolean,
            "bytea" => CellForm.Bytes,
            "date" => CellForm.Date,
            "time" or "time without time zone" => CellForm.Time,
            "timestamp" or "timestamp without time zone" => CellForm.Timestamp,
            "timestamptz" or "timestamp with time zone" => CellForm.TimestampTz,
            "uuid" => CellForm.Uuid,
            "inet" => CellForm.Inet,
            "interval" => CellForm.Interval,
            "json" => CellForm.JsonText,
            "jsonb" => CellForm.Json,
            _ => CellForm.Text,
        };
    }
}
