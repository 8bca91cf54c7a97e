using System.Collections.Immutable;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>What CREATE TABLE and CREATE INDEX have in common.</summary>
internal abstract class DdlReader(string sql) : TokenReader(sql)
{
    /// <summary>[IF NOT EXISTS] [database .] name</summary>
    protected string ObjectName()
    {
        if (IsWord("IF") && Peek().IsWord("NOT") && Peek(2).IsWord("EXISTS")) Mark += 3;
        var name = TakeName("a name");
        return TakeSymbol(".") ? TakeName("a name") : name;
    }

    protected string? OnConflict(string of)
    {
        if (!TakeWords("ON", "CONFLICT")) return null;
        return $"{of} ON CONFLICT {Take().Value.ToUpperInvariant()}";
    }

    /// <summary>Takes ASC or DESC; true for DESC.</summary>
    protected bool TakeDirection()
    {
        if (TakeWord("DESC")) return true;
        TakeWord("ASC");
        return false;
    }

    /// <summary>The names of a list, whose opening parenthesis is taken; COLLATE and directions, which SQLite ignores here, are left out.</summary>
    protected ImmutableArray<string> Names() => [.. Terms(out _).Select(t => t.Column ?? t.ExpressionSql!)];

    /// <summary>The terms of a list, whose opening parenthesis is taken.</summary>
    protected ImmutableArray<IndexedTerm> Terms(out bool autoIncrement)
    {
        var terms = ImmutableArray.CreateBuilder<IndexedTerm>();
        autoIncrement = false;
        do terms.Add(Term(ref autoIncrement));
        while (TakeSymbol(","));
        ExpectSymbol(")");
        return terms.ToImmutable();
    }

    private IndexedTerm Term(ref bool autoIncrement)
    {
        var tokens = new List<Token>();
        for (var depth = 0; ;)
        {
            if (depth == 0 && (IsSymbol(",") || IsSymbol(")"))) break;
            if (Current.Kind == TokenKind.End) throw Unexpected("\")\"");
            if (IsSymbol("(")) depth++;
            else if (IsSymbol(")")) depth--;
            tokens.Add(Take());
        }
        if (tokens is [.., var auto] && auto.IsWord("AUTOINCREMENT"))
        {
            autoIncrement = true;
            tokens.RemoveAt(tokens.Count - 1);
        }
        if (tokens is [.., var nulls, var end] && nulls.IsWord("NULLS") && (end.IsWord("FIRST") || end.IsWord("LAST"))) tokens.RemoveRange(tokens.Count - 2, 2);
        var descending = false;
        if (tokens is [_, .., var direction] && (direction.IsWord("DESC") || direction.IsWord("ASC")))
        {
            descending = direction.IsWord("DESC");
            tokens.RemoveAt(tokens.Count - 1);
        }
        string? collation = null;
        // Bounded, because each round looks at the whole term.
        for (var rounds = 0; rounds < 100; rounds++)
        {
            if (tokens is [_, .., var collate, var name] && collate.IsWord("COLLATE") && name.IsName)
            {
                collation ??= name.Value;
                tokens.RemoveRange(tokens.Count - 2, 2);
            }
            else if (Unwrap(tokens) is { } inner) tokens = inner;
            else break;
        }
        if (tokens.Count == 0) throw Unexpected("a column or an expression");
        return tokens is [var only] && only.IsName
            ? new IndexedTerm(only.Value, null, collation, descending)
            : new IndexedTerm(null, Sql[tokens[0].Start..tokens[^1].End], collation, descending);
    }

    // Without the parentheses that stand around the whole, null where there are none. One pass, however many pairs there are.
    private static List<Token>? Unwrap(List<Token> tokens)
    {
        var closes = new int[tokens.Count];
        var open = new Stack<int>();
        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].IsSymbol("(")) open.Push(i);
            else if (tokens[i].IsSymbol(")")) closes[open.Pop()] = i;
        }
        var pairs = 0;
        while (pairs < tokens.Count / 2 && tokens[pairs].IsSymbol("(") && closes[pairs] == tokens.Count - 1 - pairs) pairs++;
        return pairs == 0 ? null : tokens[pairs..^pairs];
    }

    protected ForeignKeyClause References()
    {
        var clause = new ForeignKeyClause(TakeName("a table"), [], null, null, false, false, null);
        if (TakeSymbol("(")) clause = clause with { ParentColumns = Names() };
        while (true)
        {
            if (TakeWord("ON"))
            {
                var on = Take();
                var action = Action();
                if (on.IsWord("DELETE")) clause = clause with { OnDelete = action };
                else if (on.IsWord("UPDATE")) clause = clause with { OnUpdate = action };
                else if (!on.IsWord("INSERT")) throw new SqlParseException(on.Start, $"expected DELETE or UPDATE, found {on}");
            }
            else if (TakeWord("MATCH")) clause = clause with { Match = TakeName("MATCH's word").ToUpperInvariant() };
            else break;
        }
        if (IsWord("DEFERRABLE") || (IsWord("NOT") && Peek().IsWord("DEFERRABLE")))
        {
            var (deferrable, initially) = Deferrable();
            clause = clause with { Deferrable = deferrable, InitiallyDeferred = initially };
        }
        return clause;
    }

    private string Action()
    {
        if (TakeWords("SET", "NULL")) return "SET NULL";
        if (TakeWords("SET", "DEFAULT")) return "SET DEFAULT";
        if (TakeWord("CASCADE")) return "CASCADE";
        if (TakeWord("RESTRICT")) return "RESTRICT";
        if (TakeWords("NO", "ACTION")) return "NO ACTION";
        throw Unexpected("a referential action");
    }

    /// <summary>[NOT] DEFERRABLE [INITIALLY DEFERRED | IMMEDIATE]; SQLite defers only DEFERRABLE INITIALLY DEFERRED.</summary>
    protected (bool Deferrable, bool InitiallyDeferred) Deferrable()
    {
        var deferrable = !TakeWord("NOT");
        ExpectWord("DEFERRABLE");
        var initially = false;
        if (TakeWord("INITIALLY") && !TakeWord("IMMEDIATE"))
        {
            ExpectWord("DEFERRED");
            initially = true;
        }
        return (deferrable, deferrable && initially);
    }
}
