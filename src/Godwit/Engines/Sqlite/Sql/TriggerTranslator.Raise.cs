using System.Collections.Immutable;
using static Godwit.Engines.Sqlite.Sql.Expr;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>SELECT in a trigger: nobody reads its result, so all that it can do is RAISE.</summary>
internal sealed partial class TriggerTranslator
{
    private void Query(Select select)
    {
        if (select.Body is not SelectBody.Core core)
        {
            // Proves that nothing in it acts: an application's function would be refused here.
            new SelectTranslator(_context).Translate(select, _scope, []);
            return;
        }
        var raised = core.Columns.SelectMany(c => c.Value is null ? [] : Raises(c.Value, null)).ToList();
        if (raised.Count == 0)
        {
            new SelectTranslator(_context).Translate(select, _scope, []);
            return;
        }
        foreach (var (condition, raise) in raised)
        {
            var test = Condition(select, core, condition);
            if (test is not null)
            {
                ReadsOwnTable([test]);
                Line($"IF ({_expressions.Condition(test)}) THEN");
                _indent++;
            }
            Raised(raise);
            if (test is null) continue;
            _indent--;
            Line("END IF;");
        }
    }

    private void Raised(Raise raise)
    {
        if (raise.Action == "IGNORE")
        {
            Return("NULL");
            return;
        }
        if (raise.Action == "FAIL") _context.Note("RAISE(FAIL) keeps what the statement has changed so far; in PostgreSQL the whole statement is undone.");
        if (raise.Action == "ROLLBACK") _context.Note("RAISE(ROLLBACK) ends the transaction; in PostgreSQL the transaction fails, unless the application set a savepoint.");
        var message = raise.Message is null ? "''" : _expressions.ToText(_expressions.Value(raise.Message));
        // SQLSTATE class 23 is what drivers report as a broken constraint, as SQLite's do (SQLITE_CONSTRAINT_TRIGGER).
        Line($"RAISE EXCEPTION USING ERRCODE = '23000', MESSAGE = {message};");
    }

    // Which rows make the SELECT raise, as a condition; null: always.
    private static Expr? Condition(Select select, SelectBody.Core core, Expr? condition)
    {
        if (core.From is null && core.GroupBy.IsEmpty && core.Having is null) return And(core.Where, condition);
        var inHaving = condition is not null && Aggregates.In(condition).Any();
        return new Exists(select with
        {
            Body = core with
            {
                Distinct = false,
                Columns = [new ResultColumn(new Literal(LiteralKind.Integer, "1"), null, null, "1")],
                Where = inHaving ? core.Where : And(core.Where, condition),
                Having = inHaving ? And(core.Having, condition) : core.Having,
            },
            OrderBy = [],
        });
    }

    private static Expr? And(Expr? left, Expr? right) => left is null ? right : right is null ? left : new Binary("AND", left, right);

    private static IEnumerable<(Expr? Condition, Raise Raise)> Raises(Expr e, Expr? path)
    {
        switch (e)
        {
            case Raise raise: return [(path, raise)];
            case Case c: return InCase(c, path);
            case Call { Name: "iif" or "if", Args: [var when, var then] }: return Raises(new Case(null, [(when, then)], null), path);
            case Call { Name: "iif" or "if", Args: [var when, var then, var otherwise] }: return Raises(new Case(null, [(when, then)], otherwise), path);
            case Call { Name: "coalesce" or "ifnull" } call: return InCoalesce(call, path);
            case Unary u: return None(u.Operand);
            case Binary b: return [.. None(b.Left), .. None(b.Right)];
            case Call call: return [.. call.Args.SelectMany(None)];
            default: return [];
        }

        static IEnumerable<(Expr?, Raise)> None(Expr inner) => Raises(inner, null).Any() ? throw Refuse("RAISE() stands inside of an expression") : [];
    }

    private static IEnumerable<(Expr?, Raise)> InCase(Case c, Expr? path)
    {
        foreach (var (when, then) in c.Whens)
        {
            var condition = c.Operand is null ? when : new Binary("=", c.Operand, when);
            foreach (var found in Raises(then, And(path, condition))) yield return found;
            path = And(path, new Is(condition, new Literal(LiteralKind.True, "true"), true));
        }
        if (c.Else is null) yield break;
        foreach (var found in Raises(c.Else, path)) yield return found;
    }

    private static IEnumerable<(Expr?, Raise)> InCoalesce(Call call, Expr? path)
    {
        foreach (var arg in call.Args)
        {
            foreach (var found in Raises(arg, path)) yield return found;
            path = And(path, new Is(arg, new Literal(LiteralKind.Null, "NULL"), false));
        }
    }
}
