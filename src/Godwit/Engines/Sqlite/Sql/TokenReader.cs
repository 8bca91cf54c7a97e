namespace Godwit.Engines.Sqlite.Sql;

/// <summary>A cursor over the tokens of one statement.</summary>
internal class TokenReader(string sql)
{
    private readonly List<Token> _tokens = Tokenizer.Read(sql);
    private int _at;

    protected string Sql { get; } = sql;
    protected int Mark { get => _at; set => _at = value; }

    protected Token Current => _tokens[_at];
    protected Token Previous => _tokens[_at - 1];
    protected Token Peek(int ahead = 1) => _tokens[Math.Min(_at + ahead, _tokens.Count - 1)];

    protected Token Take()
    {
        var token = _tokens[_at];
        if (token.Kind != TokenKind.End) _at++;
        return token;
    }

    protected bool IsWord(string word) => Current.IsWord(word);
    protected bool IsSymbol(string symbol) => Current.IsSymbol(symbol);

    protected bool TakeWord(string word)
    {
        if (!Current.IsWord(word)) return false;
        _at++;
        return true;
    }

    /// <summary>Takes both words or none.</summary>
    protected bool TakeWords(string first, string second)
    {
        if (!Current.IsWord(first) || !Peek().IsWord(second)) return false;
        _at += 2;
        return true;
    }

    protected bool TakeSymbol(string symbol)
    {
        if (!Current.IsSymbol(symbol)) return false;
        _at++;
        return true;
    }

    protected void ExpectWord(string word)
    {
        if (!TakeWord(word)) throw Unexpected(word);
    }

    protected void ExpectSymbol(string symbol)
    {
        if (!TakeSymbol(symbol)) throw Unexpected($"\"{symbol}\"");
    }

    protected string TakeName(string what)
    {
        if (!Current.IsName) throw Unexpected(what);
        return Take().Value;
    }

    protected SqlParseException Unexpected(string wanted) => new(Current.Start, $"expected {wanted}, found {Current}");

    /// <summary>Steps over a parenthesised group and returns the text between the parentheses.</summary>
    protected string TakeGroup()
    {
        ExpectSymbol("(");
        var start = Previous.End;
        SkipToClose();
        var inner = Sql[start..Current.Start].Trim();
        ExpectSymbol(")");
        return inner;
    }

    /// <summary>Moves to the parenthesis that closes the group the cursor is in.</summary>
    protected void SkipToClose()
    {
        for (var depth = 0; ; _at++)
        {
            if (Current.Kind == TokenKind.End) throw Unexpected("\")\"");
            if (IsSymbol("(")) depth++;
            else if (IsSymbol(")") && depth-- == 0) return;
        }
    }

    protected void ExpectEnd()
    {
        while (TakeSymbol(";")) { }
        if (Current.Kind != TokenKind.End) throw Unexpected("the end of the statement");
    }
}
