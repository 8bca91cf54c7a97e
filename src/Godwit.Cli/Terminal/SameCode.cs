using Spectre.Console;

namespace Godwit.Cli.Terminal;

/// <summary>Members of one code, told together where the same is true of them, and apart where it is not.</summary>
internal static class SameCode
{
    private const int Subjects = 4;

    /// <summary>
    /// Each line: the objects, and what is true of all of them, at most <paramref name="most"/>. The last says how much was left out, which --verbose shows.
    /// </summary>
    public static IEnumerable<(string Subjects, string Problem)> Lines(IEnumerable<(string Subject, string Problem, string? Remedy)> members, int most, out string? remedy)
    {
        var all = members.ToList();
        // What to do stands once, at the end, where it is the same for all.
        var common = all.DistinctBy(m => m.Remedy).Count() == 1;
        remedy = common && all[0].Remedy is { } one ? Try(one) : null;
        return Each(all.GroupBy(m => (m.Problem, Remedy: common ? null : m.Remedy), m => m.Subject).Select(g => (g.Key.Problem, g.Key.Remedy, Subjects: g.Distinct().ToList())).ToList(), most);
    }

    private static string Try(string remedy) => $"[grey]try:[/] {Markup.Escape(remedy)}";

    private static IEnumerable<(string Subjects, string Problem)> Each(List<(string Problem, string? Remedy, List<string> Subjects)> groups, int most)
    {
        var whole = most == int.MaxValue;
        foreach (var (problem, remedy, subjects) in groups.Take(most))
            yield return (Markup.Escape(string.Join(", ", subjects.Take(whole ? int.MaxValue : Subjects)) + (!whole && subjects.Count > Subjects ? $" and {subjects.Count - Subjects} more" : "")),
                Markup.Escape(problem) + (remedy is null ? "" : $" {Try(remedy)}"));
        var rest = groups.Skip(most).Sum(g => g.Subjects.Count);
        if (rest > 0) yield return ($"and {rest} more", "--verbose shows each");
    }
}
