namespace Godwit.Engines.Sqlite;

/// <summary>A name in SQLite's SQL, always quoted. Columns are written qualified, because SQLite reads an unqualified "x" that names no column as the string 'x'.</summary>
internal readonly record struct SqliteIdentifier(string Name)
{
    public override string ToString() => "\"" + Name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>SQLite folds the case of ASCII letters only (https://www.sqlite.org/lang_keywords.html; sqlite3StrICmp).</summary>
    public static bool Same(string a, string b)
    {
        if (a.Length != b.Length) return false;
        for (var i = 0; i < a.Length; i++)
            if (Fold(a[i]) != Fold(b[i])) return false;
        return true;
    }

    private static char Fold(char c) => c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
}
