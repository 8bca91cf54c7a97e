using System.Collections.Immutable;
using Godwit.Plan;

namespace Godwit.Cli.Configuration;

/// <summary>The words that stand for values on the command line and in godwit.yaml. The first of each list is the default.</summary>
internal static class Words
{
    public static ImmutableArray<(string Word, NameStyle Value)> Names { get; } = [("keep", NameStyle.Keep), ("fold", NameStyle.Fold)];
    public static ImmutableArray<(string Word, bool Value)> JsonAsText { get; } = [("jsonb", false), ("json", true)];
    public static ImmutableArray<(string Word, bool Value)> Orm { get; } = [("auto", true), ("none", false)];
    public static ImmutableArray<(string Word, bool Value)> YesNo { get; } = [("false", false), ("true", true), ("no", false), ("yes", true)];
    public static ImmutableArray<(string Word, IfExists Value)> IfExists { get; } =
        [("fail", Godwit.IfExists.Fail), ("append", Godwit.IfExists.Append), ("replace", Godwit.IfExists.Replace)];
    public static ImmutableArray<(string Word, MisfitPolicy Value)> Misfits { get; } =
        [("widen", MisfitPolicy.Widen), ("quarantine", MisfitPolicy.Quarantine), ("fail", MisfitPolicy.Fail)];
    /// <summary>null is "off".</summary>
    public static ImmutableArray<(string Word, VerifyMode? Value)> Verify { get; } =
        [("full", VerifyMode.Full), ("sample", VerifyMode.Sample), ("counts", VerifyMode.Counts), ("off", null)];

    public static string Of<T>(ImmutableArray<(string Word, T Value)> words, T value) =>
        words.First(w => EqualityComparer<T>.Default.Equals(w.Value, value)).Word;

    public static bool TryParse<T>(ImmutableArray<(string Word, T Value)> words, string text, out T value)
    {
        foreach (var (word, meaning) in words)
        {
            if (!string.Equals(word, text, StringComparison.OrdinalIgnoreCase)) continue;
            value = meaning;
            return true;
        }
        value = default!;
        return false;
    }

    public static string List<T>(ImmutableArray<(string Word, T Value)> words) => string.Join(", ", words.Select(w => w.Word));
}
