using static Godwit.Engines.Sqlite.Sql.Expr;
using Column = Godwit.Engines.Sqlite.Sql.Expr.Column;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Checks that the column's type has made needless.</summary>
internal sealed partial class ExpressionTranslator
{
    public bool IsSaidByType(Expr e) => e switch
    {
        // flag IN (0, 1)
        InList { Value: Column c, Not: false } i when i.Items.All(x => x is Literal { Kind: LiteralKind.Integer or LiteralKind.True or LiteralKind.False }) =>
            Translate(c).Kind == PgKind.Bool && i.Items.Select(x => Translate(x).Constant).Distinct().Order().ToList() is [0L, 1L],
        // json_valid(doc), also "or doc is null"
        Call { Name: "json_valid", Args: [Column c] } => Translate(c).Kind is PgKind.Json or PgKind.Jsonb,
        Binary { Op: "=", Left: Call call, Right: Literal { Kind: LiteralKind.Integer, Text: "1" } } => IsSaidByType(call),
        // Anything longer is kept as it is said, with one exception: what Django writes for its JSON fields.
        Binary { Op: "OR", Left: Call { Name: "json_valid", Args: [Column c] } valid, Right: Is { Left: Column other, Right: Literal { Kind: LiteralKind.Null }, Not: false } } =>
            string.Equals(c.Name, other.Name, StringComparison.OrdinalIgnoreCase) && IsSaidByType(valid),
        Binary { Op: "=", Left: Call { Name: "typeof" } type, Right: Literal { Kind: LiteralKind.String } name } => Compare("=", Translate(type), Translate(name)).Sql == "true",
        _ => false,
    };
}
