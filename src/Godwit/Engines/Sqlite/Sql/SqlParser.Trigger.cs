using System.Collections.Immutable;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>This part reads triggers.</summary>
internal sealed partial class SqlParser
{
    /// <exception cref="SqlParseException"/>
    public static CreateTriggerStatement ParseTrigger(string sql)
    {
        var p = new SqlParser(sql);
        while (p.TakeSymbol(";")) { }
        p.ExpectWord("CREATE");
        if (!p.TakeWord("TEMP")) p.TakeWord("TEMPORARY");
        p.ExpectWord("TRIGGER");
        if (p.IsWord("IF") && p.Peek().IsWord("NOT")) p.Mark += 3;
        var name = p.DottedName("a trigger");
        var timing = p.TakeWord("AFTER") ? "AFTER" : p.TakeWords("INSTEAD", "OF") ? "INSTEAD OF" : "BEFORE";
        // BEFORE is what SQLite takes where nothing is said.
        p.TakeWord("BEFORE");
        var what = p.Take().Value.ToUpperInvariant();
        if (what is not ("INSERT" or "UPDATE" or "DELETE")) throw new SqlParseException(p.Previous.Start, $"expected INSERT, UPDATE or DELETE, found {p.Previous}");
        var columns = what == "UPDATE" && p.TakeWord("OF") ? p.PlainNames() : [];
        p.ExpectWord("ON");
        var table = p.DottedName("a table");
        if (p.TakeWord("FOR"))
        {
            p.ExpectWord("EACH");
            p.ExpectWord("ROW");
        }
        var when = p.TakeWord("WHEN") ? p.Expression() : null;
        p.ExpectWord("BEGIN");
        var body = ImmutableArray.CreateBuilder<TriggerStep>();
        while (!p.TakeWord("END"))
        {
            body.Add(p.Step());
            p.ExpectSymbol(";");
        }
        p.ExpectEnd();
        return new CreateTriggerStatement(name, timing, what, columns, table, when, body.ToImmutable());
    }

    private string DottedName(string what)
    {
        var name = TakeName(what);
        return TakeSymbol(".") ? TakeName(what) : name;
    }

    private ImmutableArray<string> PlainNames()
    {
        var names = ImmutableArray.CreateBuilder<string>();
        do names.Add(TakeName("a column"));
        while (TakeSymbol(","));
        return names.ToImmutable();
    }

    private TriggerStep Step()
    {
        if (TakeWord("INSERT")) return InsertStep(ConflictWord());
        if (IsWord("REPLACE") && Peek().IsWord("INTO"))
        {
            Take();
            return InsertStep("REPLACE");
        }
        if (TakeWord("UPDATE")) return UpdateStep(ConflictWord());
        if (!TakeWord("DELETE")) return new TriggerStep.Query(SelectStatement());
        ExpectWord("FROM");
        var (table, alias) = ChangedTable();
        return new TriggerStep.Delete(table, alias, TakeWord("WHERE") ? Expression() : null);
    }

    private string? ConflictWord() => TakeWord("OR") ? Take().Value.ToUpperInvariant() : null;

    private (string Table, string? Alias) ChangedTable()
    {
        var table = DottedName("a table");
        var alias = TakeWord("AS") ? TakeName("an alias") : null;
        if (TakeWords("INDEXED", "BY")) TakeName("an index");
        else TakeWords("NOT", "INDEXED");
        return (table, alias);
    }

    private TriggerStep.Insert InsertStep(string? or)
    {
        ExpectWord("INTO");
        var (table, _) = ChangedTable();
        var columns = IsSymbol("(") && !AtSelect(Peek()) ? NameList() : [];
        var source = TakeWords("DEFAULT", "VALUES") ? null : SelectStatement();
        var upserts = ImmutableArray.CreateBuilder<Upsert>();
        while (TakeWords("ON", "CONFLICT")) upserts.Add(ConflictClause());
        return new TriggerStep.Insert(or, table, columns, source, upserts.ToImmutable());
    }

    private Upsert ConflictClause()
    {
        ImmutableArray<Expr> target = [];
        Expr? targetWhere = null;
        if (TakeSymbol("("))
        {
            target = [.. OrderTerms().Select(o => o.Value)];
            ExpectSymbol(")");
            if (TakeWord("WHERE")) targetWhere = Expression();
        }
        ExpectWord("DO");
        if (TakeWord("NOTHING")) return new Upsert(target, targetWhere, [], null);
        ExpectWord("UPDATE");
        ExpectWord("SET");
        return new Upsert(target, targetWhere, SetClauses(), TakeWord("WHERE") ? Expression() : null);
    }

    private TriggerStep.Update UpdateStep(string? or)
    {
        var (table, alias) = ChangedTable();
        ExpectWord("SET");
        var set = SetClauses();
        var from = TakeWord("FROM") ? Joins() : null;
        return new TriggerStep.Update(or, table, alias, set, from, TakeWord("WHERE") ? Expression() : null);
    }

    private ImmutableArray<SetClause> SetClauses()
    {
        var set = ImmutableArray.CreateBuilder<SetClause>();
        do
        {
            ImmutableArray<string> columns = IsSymbol("(") ? NameList() : [TakeName("a column")];
            ExpectSymbol("=");
            set.Add(new SetClause(columns, Expression()));
        } while (TakeSymbol(","));
        return set.ToImmutable();
    }

    private Expr.Raise RaiseCall(int at)
    {
        Take();
        Take();
        var action = Take().Value.ToUpperInvariant();
        var message = TakeSymbol(",") ? Expression() : null;
        ExpectSymbol(")");
        return action is "IGNORE" or "ABORT" or "FAIL" or "ROLLBACK" ? At(new Expr.Raise(action, message), at, message) : throw new SqlParseException(at, $"RAISE({action}) is not known");
    }
}
