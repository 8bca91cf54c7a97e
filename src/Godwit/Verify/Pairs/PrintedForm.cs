using System.Text;
using System.Text.RegularExpressions;

namespace Godwit.Verify.Pairs;

/// <summary>
/// What PostgreSQL prints of an expression is not always what it prints when it has read that again: <c>name IN ('a', 'b')</c> over a varchar is printed
/// <c>(ARRAY['a'::varchar, 'b'::varchar])::text[]</c>, and, read back, <c>ARRAY[('a'::varchar)::text, ('b'::varchar)::text]</c>, for its parser hands the type
/// of a cast on to the elements (transformArrayExpr of parse_expr.c). Both are brought into the second form.
/// </summary>
internal static partial class PrintedForm
{
    private const string Array = "ARRAY[";

    public static string ReadBack(string printed) => printed.Contains(Array, StringComparison.Ordinal) ? Arrays(printed) : printed;

    private static string Arrays(string text)
    {
        var result = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            var (elements, end) = IsArray(text, at) ? Elements(text, at) : ([], -1);
            if (end < 0)
            {
                var next = Skip(text, at);
                result.Append(text, at, next - at);
                at = next;
                continue;
            }
            // (ARRAY[...])::text[], or without the brackets where PostgreSQL prints as few of them as it can.
            var bracketed = end < text.Length && text[end] == ')' && at > 0 && text[at - 1] == '(';
            if (Cast().Match(text, bracketed ? end + 1 : end) is { Success: true } cast)
            {
                if (bracketed) result.Length--;
                result.Append(Spread(elements, cast.Groups[1].Value, bracketed));
                at = cast.Index + cast.Length;
                continue;
            }
            result.Append(Array).AppendJoin(", ", elements.Select(Arrays)).Append(']');
            at = end;
        }
        return result.ToString();
    }

    private static string Spread(List<string> elements, string type, bool bracketed) =>
        Array + string.Join(", ", elements.Select(e => IsArray(e, 0) && Elements(e, 0) is var (inner, end) && end == e.Length ? Spread(inner, type, bracketed) : bracketed ? $"({Arrays(e)})::{type}" : $"{Arrays(e)}::{type}")) + "]";

    private static bool IsArray(string text, int at) =>
        string.CompareOrdinal(text, at, Array, 0, Array.Length) == 0 && (at == 0 || !(char.IsLetterOrDigit(text[at - 1]) || text[at - 1] is '_' or '$'));

    /// <summary>The elements of the array that begins there, and the place behind its bracket; -1 where it has none.</summary>
    private static (List<string> Elements, int End) Elements(string text, int at)
    {
        var (elements, begin, depth) = (new List<string>(), at + Array.Length, 0);
        at = begin;
        while (at < text.Length)
        {
            if (text[at] is '(' or '[') depth++;
            else if (depth > 0 && text[at] is (')' or ']')) depth--;
            else if (depth == 0 && text[at] is (',' or ']'))
            {
                if (at > begin) elements.Add(text[begin..at].Trim());
                begin = at + 1;
                if (text[at] == ']') return (elements, at + 1);
            }
            at = Skip(text, at);
        }
        return (elements, -1);
    }

    /// <summary>The place behind what stands there: a literal or a quoted name (a quote in it is doubled, which makes two of it), else one character.</summary>
    private static int Skip(string text, int at) =>
        text[at] is not ('\'' or '"') ? at + 1 : text.IndexOf(text[at], at + 1) is > 0 and var end ? end + 1 : text.Length;

    [GeneratedRegex("""\G::((?:"(?:[^"]|"")*"|[\w. ]|\(\d+(?:,-?\d+)?\))+)\[\]""")]
    private static partial Regex Cast();
}
