using System.Text.RegularExpressions;
using Godwit.Schema;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>Looks up columns that a table of the stream was given since the copy.</summary>
internal sealed partial class AddedColumns(StreamEnd from)
{
    // attmissingval: what rows have that were there before the column was (PostgreSQL documentation, 53.7 "pg_attribute"); an array of one.
    private const string Sql = """
        select quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attcollation <> t.typcollation then ' collate ' || a.attcollation::regcollation::text else '' end,
          a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid), a.atthasmissing::text,
          case when a.atthasmissing then quote_literal((a.attmissingval::text::text[])[1]) || '::' || format_type(a.atttypid, a.atttypmod) end,
          a.attidentity::text, a.attgenerated::text
        from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = {0}::regclass and a.attname = {1} and not a.attisdropped
        """;

    public AddedColumn? Find(Relation relation, string column)
    {
        using var connection = from.Open(CancellationToken.None);
        var name = new SqlName(relation.Schema, relation.Name);
        if (connection.Query($"select to_regclass({SqlText.Literal(name.ToString())})")[0][0] is null) return null;
        var rows = connection.Query(Sql.Replace("{0}", SqlText.Literal(name.ToString()), StringComparison.Ordinal).Replace("{1}", SqlText.Literal(column), StringComparison.Ordinal));
        if (rows.IsEmpty) return null;
        var (definition, notNull, expression, missing) = (rows[0][0]!, rows[0][1] == "true", rows[0][2], rows[0][3] == "true" ? rows[0][4] : null);
        if (rows[0][5] is { Length: > 0 }) return new(definition, notNull, null, null, "that counts by itself (identity): rows that were there before have numbers that only the source knows");
        // A default that is a constant needed no rewrite; one that is not has given every row another value.
        if (missing is null && expression is not null && Constant().IsMatch(expression)) missing = expression;
        var refusal = missing is null && (expression is not null || notNull) ? "whose value differs from row to row (its default is no constant)" : null;
        return new(definition, notNull, missing, expression, refusal);
    }

    [GeneratedRegex(@"^(?:[-+]?\d[\d.eE+-]*|'(?:[^']|'')*'|true|false|NULL)(?:::[\w "".,()\[\]]+)?$")]
    private static partial Regex Constant();
}
