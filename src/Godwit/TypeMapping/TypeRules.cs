using System.Collections.Immutable;

namespace Godwit.TypeMapping;

/// <summary>How many numbers stand in a declared type's parentheses.</summary>
public enum TypeArguments : byte { Any, None, Some }

/// <summary>Declared types by name: <paramref name="Names"/> are alternatives separated by '|' in upper case; "*" is every type.</summary>
public readonly record struct TypePattern(string Names, TypeArguments Arguments = TypeArguments.Any)
{
    public bool Matches(DeclaredType type) =>
        (Arguments == TypeArguments.Any || (Arguments == TypeArguments.None) == type.Arguments.IsEmpty)
        && (Names == "*" || Names.Split('|').Contains(type.Name, StringComparer.Ordinal));
}

/// <summary>
/// One decision of the type mapping. <paramref name="To"/> is the natural PostgreSQL type ("" lets the values decide alone);
/// <paramref name="Encode"/> says how the values are judged. The values may still lead to another type.
/// </summary>
public sealed record TypeRule(TypePattern From, string To, CellEncoding Encode, Fidelity Fidelity, string Why)
{
    /// <summary>Nothing is known of this declared type.</summary>
    public bool IsCatchAll => From.Names == "*";
    public bool ByValues => To.Length == 0;

    /// <summary>The n of varchar(n) that the target keeps, or 0.</summary>
    internal int Length(DeclaredType type) =>
        To == "varchar" && type.Arguments is [var n, ..] && PgTypeName.Text("varchar", n) is not null ? n : 0;

    /// <summary>The p and s of numeric(p,s) that the target keeps, or 0.</summary>
    internal (int Precision, int Scale) Numeric(DeclaredType type) =>
        To == "numeric" && type.Arguments is [var p, ..]
            && PgTypeName.Numeric(p, type.Arguments.Length > 1 ? type.Arguments[1] : 0) is { } pg ? (pg.Precision, pg.Scale) : (0, 0);
}

/// <summary>The type mapping as data: the first rule that matches decides, the last takes everything.</summary>
public static class TypeRules
{
    public static ImmutableArray<TypeRule> All { get; } =
    [
        new(new("INTEGER", TypeArguments.None), "bigint", CellEncoding.Int8, Fidelity.Exact, "INTEGER holds 64 bits in SQLite"),
        new(new("BIGINT|INT8|BIG INT|BIG INTEGER|INT64|UINT64|LONG|LONG INTEGER|BIGSERIAL|SERIAL8"), "bigint", CellEncoding.Int8, Fidelity.Exact, "a 64-bit integer by name"),
        new(new("INT|INTEGER|INT4|MEDIUMINT|INT24|INT32|UINT32|SERIAL|SERIAL4"), "integer", CellEncoding.Int4, Fidelity.Exact, "a 32-bit integer by name, and every value fits"),
        new(new("SMALLINT|SHORT|SHORT INTEGER|INT2|INT16|UINT16|TINYINT|INT1|BYTE|UINT8|SMALLSERIAL|BIT|YEAR"), "smallint", CellEncoding.Int2, Fidelity.Exact, "a small integer by name, and every value fits"),
        new(new("BOOL|BOOLEAN|LOGICAL"), "boolean", CellEncoding.Bool, Fidelity.Equivalent, "every value is 0/1 or a word for true or false"),
        new(new("REAL|DOUBLE|DOUBLE PRECISION|FLOAT|FLOAT4|FLOAT8|SINGLE"), "double precision", CellEncoding.Float8, Fidelity.Exact, "SQLite's reals are 64-bit doubles, kept bit by bit"),
        new(new("DECIMAL|NUMERIC|DEC|NUMBER|FIXED|MONEY|SMALLMONEY|CURRENCY|BIGDECIMAL"), "numeric", CellEncoding.Numeric, Fidelity.Equivalent, "a decimal by name; reals keep their shortest decimal form"),
        new(new("DATE"), "date", CellEncoding.Date, Fidelity.Exact, "every value is a date"),
        new(new("TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE|TIMESTAMP WITH LOCAL TIME ZONE|DATETIMEOFFSET|DATETIMETZ|DATETIME WITH TIME ZONE"), "timestamptz", CellEncoding.TimestampTz, Fidelity.Equivalent, "every value names its offset"),
        new(new("DATETIME|TIMESTAMP|DATETIME2|SMALLDATETIME|TIMESTAMP WITHOUT TIME ZONE|TIME STAMP"), "timestamp", CellEncoding.Timestamp, Fidelity.Exact, "every value is date and time without offset"),
        new(new("TIME|TIME WITHOUT TIME ZONE"), "time", CellEncoding.Time, Fidelity.Exact, "every value is a time of day"),
        new(new("JSON|JSONB"), "jsonb", CellEncoding.Jsonb, Fidelity.Equivalent, "every value is JSON"),
        new(new("UUID|GUID|UNIQUEIDENTIFIER"), "uuid", CellEncoding.Uuid, Fidelity.Exact, "every value is a UUID in lower case with hyphens"),
        new(new("VARCHAR|NVARCHAR|VARCHAR2|NVARCHAR2|CHARACTER|CHAR|NCHAR|CHARACTER VARYING|CHAR VARYING|VARYING CHARACTER|NATIVE CHARACTER|NATIONAL CHARACTER|NATIONAL VARCHAR|NATIONAL CHARACTER VARYING|NATIVE VARYING CHARACTER|BPCHAR|VARYINGCHARACTER"), "varchar", CellEncoding.Text, Fidelity.Exact, "text of limited length, and every value fits"),
        new(new("TEXT|CLOB|NCLOB|STRING|TINYTEXT|MEDIUMTEXT|LONGTEXT|NTEXT|LONG VARCHAR|LONGVARCHAR|CITEXT|MEMO"), "text", CellEncoding.Text, Fidelity.Exact, "text"),
        new(new("XML|ENUM|SET|INET|CIDR|MACADDR|URL|EMAIL|INTERVAL YEAR TO MONTH|INTERVAL DAY TO SECOND"), "text", CellEncoding.Text, Fidelity.Exact, "kept as the text that it is in SQLite"),
        new(new("BLOB|BINARY|VARBINARY|TINYBLOB|MEDIUMBLOB|LONGBLOB|LONG VARBINARY|IMAGE|BYTEA|RAW|LONG RAW"), "bytea", CellEncoding.Bytea, Fidelity.Exact, "bytes"),
        new(new("|ANY|NONE"), "", CellEncoding.Text, Fidelity.Exact, "no declared type: the values decide"),
        new(new("*"), "", CellEncoding.Text, Fidelity.Exact, "an unknown declared type: the values decide, under SQLite's affinity"),
    ];

    public static TypeRule For(DeclaredType type) => All.First(r => r.From.Matches(type));
}
