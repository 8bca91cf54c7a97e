namespace Godwit.Engines.Sqlite.Sql;

/// <summary>SQLite's tokens (tokenize.c): comments and white space are left out, quotes are taken off.</summary>
internal static class Tokenizer
{
    /// <summary>The longest text that is looked at. SQLite's own limit (SQLITE_MAX_SQL_LENGTH) is 1e9 bytes; real schemas stay below 1 MB.</summary>
    public const int MaxLength = 64 * 1024 * 1024;

    /// <summary>All tokens of a text; the last one is <see cref="TokenKind.End"/>.</summary>
    public static List<Token> Read(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        if (sql.Length > MaxLength) throw new SqlParseException(MaxLength, "the statement is too long");
        var tokens = new List<Token>(sql.Length / 5 + 4);
        var at = 0;
        while ((at = SkipSpace(sql, at)) < sql.Length && sql[at] != '\0')
        {
            var token = Next(sql, at);
            tokens.Add(token);
            at = token.End;
        }
        tokens.Add(new Token(TokenKind.End, Math.Min(at, sql.Length), Math.Min(at, sql.Length), ""));
        return tokens;
    }

    private static int SkipSpace(string sql, int at)
    {
        while (at < sql.Length)
        {
            var c = sql[at];
            if (c is ' ' or '\t' or '\n' or '\r' or '\f' or '\uFEFF') at++;
            else if (c == '-' && At(sql, at + 1) == '-')
            {
                var end = sql.IndexOf('\n', at);
                at = end < 0 ? sql.Length : end + 1;
            }
            else if (c == '/' && At(sql, at + 1) == '*')
            {
                // An unclosed comment runs to the end of the text.
                var end = at + 2 < sql.Length ? sql.IndexOf("*/", at + 2, StringComparison.Ordinal) : -1;
                at = end < 0 ? sql.Length : end + 2;
            }
            else break;
        }
        return at;
    }

    private static char At(string sql, int at) => at < sql.Length ? sql[at] : '\0';

    internal static bool IsNameChar(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' || c >= 0x80;

    private static Token Next(string sql, int at)
    {
        var c = sql[at];
        switch (c)
        {
            case '\'': return Quoted(sql, at, '\'', TokenKind.String);
            case '"': return Quoted(sql, at, '"', TokenKind.DoubleQuoted);
            case '`': return Quoted(sql, at, '`', TokenKind.QuotedName);
            case '[':
                var close = sql.IndexOf(']', at);
                if (close < 0) throw new SqlParseException(at, "a [name] is not closed");
                return new Token(TokenKind.QuotedName, at, close + 1, sql[(at + 1)..close]);
            case 'x' or 'X' when At(sql, at + 1) == '\'': return Blob(sql, at);
            case '?' or ':' or '@' or '#': return Variable(sql, at);
        }
        if (char.IsAsciiDigit(c) || c == '.' && char.IsAsciiDigit(At(sql, at + 1))) return Number(sql, at);
        if (c == '$') return Variable(sql, at);
        if (IsNameChar(c))
        {
            var end = at + 1;
            while (end < sql.Length && IsNameChar(sql[end])) end++;
            return new Token(TokenKind.Word, at, end, sql[at..end]);
        }
        return Symbol(sql, at);
    }

    private static Token Quoted(string sql, int at, char quote, TokenKind kind)
    {
        for (var i = at + 1; ; i++)
        {
            i = i <= sql.Length ? sql.IndexOf(quote, i) : -1;
            if (i < 0) throw new SqlParseException(at, $"a {quote} is not closed");
            if (At(sql, i + 1) == quote) { i++; continue; }
            var inner = sql[(at + 1)..i];
            return new Token(kind, at, i + 1, inner.Contains(quote, StringComparison.Ordinal) ? inner.Replace(new string(quote, 2), quote.ToString(), StringComparison.Ordinal) : inner);
        }
    }

    private static Token Blob(string sql, int at)
    {
        var end = at + 2;
        while (end < sql.Length && char.IsAsciiHexDigit(sql[end])) end++;
        if (At(sql, end) != '\'' || (end - at - 2) % 2 != 0) throw new SqlParseException(at, "a blob literal is not hexadecimal");
        return new Token(TokenKind.Blob, at, end + 1, sql[(at + 2)..end]);
    }

    private static Token Variable(string sql, int at)
    {
        var end = at + 1;
        while (end < sql.Length && IsNameChar(sql[end])) end++;
        if (end == at + 1 && sql[at] != '?') throw new SqlParseException(at, $"unexpected \"{sql[at]}\"");
        return new Token(TokenKind.Variable, at, end, sql[at..end]);
    }

    private static Token Number(string sql, int at)
    {
        var end = at;
        var kind = TokenKind.Integer;
        if (sql[at] == '0' && At(sql, at + 1) is 'x' or 'X' && char.IsAsciiHexDigit(At(sql, at + 2)))
        {
            end = at + 2;
            while (char.IsAsciiHexDigit(At(sql, end)) || Separates(sql, end, char.IsAsciiHexDigit)) end++;
        }
        else
        {
            Digits();
            if (At(sql, end) == '.') { kind = TokenKind.Float; end++; Digits(); }
            if (At(sql, end) is 'e' or 'E' && (char.IsAsciiDigit(At(sql, end + 1)) || At(sql, end + 1) is '+' or '-' && char.IsAsciiDigit(At(sql, end + 2))))
            {
                kind = TokenKind.Float;
                end += 2;
                Digits();
            }
        }
        if (IsNameChar(At(sql, end))) throw new SqlParseException(at, "a number runs into a word");
        return new Token(kind, at, end, sql[at..end].Replace("_", "", StringComparison.Ordinal));

        void Digits()
        {
            while (char.IsAsciiDigit(At(sql, end)) || Separates(sql, end, char.IsAsciiDigit)) end++;
        }
    }

    // 1_000 (SQLite 3.46): an underscore between two digits.
    private static bool Separates(string sql, int at, Func<char, bool> digit) =>
        at > 0 && At(sql, at) == '_' && digit(sql[at - 1]) && digit(At(sql, at + 1));

    private static readonly string[] Symbols = ["->>", "->", "||", "<<", ">>", "<=", ">=", "<>", "!=", "=="];

    private static Token Symbol(string sql, int at)
    {
        foreach (var s in Symbols)
            if (string.CompareOrdinal(sql, at, s, 0, s.Length) == 0) return new Token(TokenKind.Symbol, at, at + s.Length, s);
        if ("+-*/%&|~(),;.=<>".Contains(sql[at], StringComparison.Ordinal)) return new Token(TokenKind.Symbol, at, at + 1, sql[at].ToString());
        throw new SqlParseException(at, $"unexpected \"{sql[at]}\"");
    }
}
