namespace Godwit.Schema;

/// <summary>
/// Compares names as SQLite does: without regard to the case of ASCII letters, and of those only ("É" and "é" are two tables).
/// https://www.sqlite.org/datatype3.html, section 7.
/// </summary>
public sealed class NameComparer : IEqualityComparer<string?>
{
    public static NameComparer Instance { get; } = new();

    public static bool Same(string? a, string? b) => a is null || b is null ? a == b : Instance.Equals(a, b);

    public bool Equals(string? x, string? y)
    {
        if (ReferenceEquals(x, y)) return true;
        if (x is null || y is null || x.Length != y.Length) return false;
        for (var i = 0; i < x.Length; i++)
            if (Fold(x[i]) != Fold(y[i])) return false;
        return true;
    }

    public int GetHashCode(string? obj)
    {
        var hash = new HashCode();
        foreach (var c in obj ?? "") hash.Add(Fold(c));
        return hash.ToHashCode();
    }

    private static char Fold(char c) => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;
}
