using System.Globalization;
using System.Text.RegularExpressions;

namespace Godwit.Wire;

/// <summary>Where in a COPY an error is, from the server's context ("COPY orders, line 5, column total: ..."), which below it may quote the row.</summary>
internal static partial class CopyPlace
{
    /// <summary>From 1, in the order in which the rows were sent; null where the context names none.</summary>
    public static long? Row(string? context) =>
        context is not null && Place().Match(context) is { Success: true } place && long.TryParse(place.Groups["row"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var row) && row > 0 ? row : null;

    public static string? Column(string? context) => context is not null && Place().Match(context).Groups["column"] is { Success: true } column ? column.Value : null;

    /// <summary>The context without the row's values.</summary>
    public static string? Of(string? context) => Row(context) is { } row ? string.Create(CultureInfo.InvariantCulture, $"COPY, line {row}") : null;

    // It comes below what a type says of its own text ("JSON data, line 1: ...").
    [GeneratedRegex(@"(?m)^COPY(?: .*?)?, line (?<row>\d+)(?:, column (?<column>[^:]+))?")]
    private static partial Regex Place();
}
