namespace Godwit.Engines.Sqlite.Sql;

internal enum TokenKind : byte
{
    End,
    /// <summary>A bare word: a name or a keyword, which SQLite tells apart only by where it stands.</summary>
    Word,
    /// <summary>[name] or `name`.</summary>
    QuotedName,
    /// <summary>"name", which SQLite reads as a string where no column has that name.</summary>
    DoubleQuoted,
    String, Blob, Integer, Float, Variable, Symbol,
}

/// <summary><paramref name="Value"/> is the text without quotes; for symbols and words the text as written.</summary>
internal readonly record struct Token(TokenKind Kind, int Start, int End, string Value)
{
    public bool IsWord(string word) => Kind == TokenKind.Word && Value.Equals(word, StringComparison.OrdinalIgnoreCase);
    public bool IsSymbol(string symbol) => Kind == TokenKind.Symbol && Value == symbol;

    /// <summary>Can stand where SQLite's grammar says nm: a name in any quotes, a string, or a word that is not reserved.</summary>
    public bool IsName => Kind switch
    {
        TokenKind.QuotedName or TokenKind.DoubleQuoted or TokenKind.String => true,
        TokenKind.Word => !Keywords.IsReserved(Value),
        _ => false,
    };

    public override string ToString() => Kind == TokenKind.End ? "the end" : $"\"{Value}\"";
}
