using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace Godwit.Wire;

/// <summary>
/// An ErrorResponse as the exception that Npgsql throws for it, so that one mapping serves both. What quotes values of rows is left out: the detail, and of
/// "where" ("COPY orders, line 5, column total: ...") all but the number of the row within its COPY.
/// </summary>
internal static partial class ServerError
{
    public static PostgresException Read(ReadOnlySpan<byte> body)
    {
        var fields = new Dictionary<char, string>();
        while (body.Length > 1 && body[0] != 0)
        {
            var end = body.IndexOf((byte)0);
            if (end < 0) break;
            fields[(char)body[0]] = Encoding.UTF8.GetString(body[1..end]);
            body = body[(end + 1)..];
        }
        string? Get(char field) => fields.GetValueOrDefault(field);
        int Number(char field) => int.TryParse(Get(field), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
        return new PostgresException(Get('M') ?? "", Get('S') ?? "ERROR", Get('V') ?? Get('S') ?? "ERROR", Get('C') ?? "XX000",
            detail: null, hint: Get('H'), position: Number('P'), internalPosition: Number('p'), internalQuery: Get('q'), where: Get('W') is { } context && Place().Match(context) is { Success: true } place ? place.Groups["row"].Value : null,
            schemaName: Get('s'), tableName: Get('t'), columnName: Get('c'), dataTypeName: Get('d'), constraintName: Get('n'), file: Get('F'), line: Get('L'), routine: Get('R'));
    }

    [GeneratedRegex(@"(?m)^COPY .*?, line (?<row>\d+)")]
    private static partial Regex Place();
}
