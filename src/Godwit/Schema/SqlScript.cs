using System.Collections.Immutable;

namespace Godwit.Schema;

/// <summary>
/// Cuts SQL text into its statements, as psql does: by the semicolons that stand outside of strings, quoted names, dollar quotes, comments,
/// parentheses and bodies between BEGIN ATOMIC and END. https://www.postgresql.org/docs/current/sql-syntax-lexical.html
/// </summary>
public static class SqlScript
{
    /// <summary>Statements without their semicolon, trimmed; comments before a statement stay with it, empty ones are left out.</summary>
    public static ImmutableArray<string> Split(string sql)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        int start = 0, depth = 0, body = 0;
        string previous = "";
        var any = false;
        for (var i = 0; i < sql.Length;)
        {
            var (end, kind) = Token(sql, i);
            switch (kind)
            {
                case SqlTokenKind.Word:
                    var word = sql[i..end].ToUpperInvariant();
                    if (word == "ATOMIC" && previous == "BEGIN") body = 1;
                    else if (body > 0 && word == "CASE") body++;
                    else if (body > 0 && word == "END") body--;
                    previous = word;
                    break;
                case SqlTokenKind.Symbol:
                    if (sql[i] == '(') depth++;
                    else if (sql[i] == ')') depth--;
                    break;
            }
            if (kind == SqlTokenKind.Symbol && sql[i] == ';' && depth <= 0 && body == 0)
            {
                if (any) found.Add(sql[start..i].Trim());
                (start, depth, any) = (end, 0, false);
            }
            else if (kind is not (SqlTokenKind.Space or SqlTokenKind.Comment)) any = true;
            i = end;
        }
        if (any) found.Add(sql[start..].Trim());
        return found.ToImmutable();
    }

    /// <summary>Words, names and symbols, without white space and comments. Quoted names keep their quotes.</summary>
    public static ImmutableArray<string> Tokens(string sql)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < sql.Length;)
        {
            var (end, kind) = Token(sql, i);
            if (kind is not (SqlTokenKind.Space or SqlTokenKind.Comment)) found.Add(sql[i..end]);
            i = end;
        }
        return found.ToImmutable();
    }

    /// <summary>The name that a token of an identifier means.</summary>
    public static string NameOf(string token) =>
        token.Length > 1 && token[0] == '"' ? token[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : token.ToLowerInvariant();

    private enum SqlTokenKind { Space, Comment, Word, Text, Symbol }

    private static (int End, SqlTokenKind Kind) Token(string sql, int at)
    {
        var c = sql[at];
        if (char.IsWhiteSpace(c)) return (at + 1, SqlTokenKind.Space);
        if (c == '-' && Next(sql, at) == '-') return (sql.IndexOf('\n', at) is >= 0 and var line ? line + 1 : sql.Length, SqlTokenKind.Comment);
        if (c == '/' && Next(sql, at) == '*') return (Comment(sql, at), SqlTokenKind.Comment);
        if (c == '\'') return (Quoted(sql, at, '\'', escapes: false), SqlTokenKind.Text);
        if (c is 'E' or 'e' && Next(sql, at) == '\'') return (Quoted(sql, at + 1, '\'', escapes: true), SqlTokenKind.Text);
        if (c == '"') return (Quoted(sql, at, '"', escapes: false), SqlTokenKind.Text);
        if (c == '$' && DollarTag(sql, at) is { } tag)
            return (sql.IndexOf(tag, at + tag.Length, StringComparison.Ordinal) is >= 0 and var close ? close + tag.Length : sql.Length, SqlTokenKind.Text);
        if (!IsWord(c)) return (at + 1, SqlTokenKind.Symbol);
        var end = at + 1;
        while (end < sql.Length && (IsWord(sql[end]) || sql[end] == '$')) end++;
        return (end, SqlTokenKind.Word);
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_' || c >= 0x80;

    private static char Next(string sql, int at) => at + 1 < sql.Length ? sql[at + 1] : '\0';

    private static int Quoted(string sql, int at, char quote, bool escapes)
    {
        for (var i = at + 1; i < sql.Length; i++)
        {
            if (escapes && sql[i] == '\\') i++;
            else if (sql[i] == quote && Next(sql, i) == quote) i++;
            else if (sql[i] == quote) return i + 1;
        }
        return sql.Length;
    }

    private static int Comment(string sql, int at)
    {
        var depth = 0;
        for (var i = at; i + 1 < sql.Length; i++)
        {
            if (sql[i] == '/' && sql[i + 1] == '*') (depth, i) = (depth + 1, i + 1);
            else if (sql[i] == '*' && sql[i + 1] == '/' && ++i > 0 && --depth == 0) return i + 1;
        }
        return sql.Length;
    }

    private static string? DollarTag(string sql, int at)
    {
        var end = at + 1;
        while (end < sql.Length && IsWord(sql[end]) && !(end == at + 1 && char.IsAsciiDigit(sql[end]))) end++;
        return end < sql.Length && sql[end] == '$' ? sql[at..(end + 1)] : null;
    }
}
