using System.Globalization;
using System.Text;
using Npgsql;

namespace Godwit.Wire;

/// <summary>An ErrorResponse as the exception that Npgsql throws for it, so that one mapping serves both; without what quotes values of rows.</summary>
internal static class ServerError
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
            detail: null, hint: Get('H'), position: Number('P'), internalPosition: Number('p'), internalQuery: Get('q'), where: CopyPlace.Of(Get('W')),
            schemaName: Get('s'), tableName: Get('t'), columnName: Get('c'), dataTypeName: Get('d'), constraintName: Get('n'), file: Get('F'), line: Get('L'), routine: Get('R'));
    }
}
