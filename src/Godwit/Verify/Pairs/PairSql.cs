using System.Text.RegularExpressions;
using Godwit.Target;

namespace Godwit.Verify.Pairs;

/// <summary>
/// Catalog queries, one file each, next to this one. What many of them say is written once here and called like a function: acl(acl, kind,
/// owner), own(catalog, oid), user_schema(name), relation(oid), resolved(node tree).
/// </summary>
internal static partial class PairSql
{
    /// <summary>Kinds of objects, in the order in which they are told. Each is a file of Sql/Catalog.</summary>
    public static readonly string[] Kinds =
    [
        "database", "role", "schema", "extension", "type", "sequence", "table", "column", "constraint", "index", "view", "rule", "function", "trigger", "policy", "default-privileges", "publication", "event-trigger",
        "statistics", "cast", "operator", "operator-class", "collation", "foreign-server", "user-mapping", "subscription", "security-label", "other",
    ];

    private static readonly Dictionary<string, string> Shared = new()
    {
        // Who may do what, PostgreSQL's defaults spelt out; who granted it is left out.
        ["acl"] = """
            (select string_agg(g.line, '; ' order by g.line) from (select case e.grantee when 0 then 'PUBLIC' else pg_get_userbyid(e.grantee)::text end || '='
              || string_agg(distinct e.privilege_type || case when e.is_grantable then '*' else '' end, ',') as line from aclexplode(coalesce({0}, acldefault({1}, {2}))) e group by e.grantee) g)
            """,
        ["own"] = "not exists (select from pg_depend x where x.classid = {0}::regclass and x.objid = {1} and x.deptype = 'e')",
        ["user_schema"] = "({0} !~ '^pg_' and {0} <> 'information_schema')",
        ["relation"] = "(select quote_ident(xn.nspname) || '.' || quote_ident(xc.relname) from pg_class xc join pg_namespace xn on xn.oid = xc.relnamespace where xc.oid = {0})",
        // The operators and functions that an expression was bound to when it was stored. What PostgreSQL prints does not tell them all:
        // NULLIF, CASE x WHEN, IS DISTINCT FROM and implicit casts show none.
        ["resolved"] = """
            (select string_agg(q.o, ', ' order by q.o) from (select case when z.f then z.id::oid::regprocedure::text else z.id::oid::regoperator::text end || ' x' || z.n as o
              from (select m[1] = 'funcid' as f, m[2] as id, count(*) as n from regexp_matches({0}::text, ':(opno|eqop|sortop|funcid) ([1-9]\d*)', 'g') m group by 1, 2) z) q)
            """,
    };

    public static string Read(string name) => EmbeddedSql.Read($"Verify/Pairs/Sql/{name}.sql");

    public static string Catalog(string kind) => Expand(Read("Catalog/" + kind));

    internal static string Expand(string sql)
    {
        for (var match = Call().Match(sql); match.Success; match = Call().Match(sql))
        {
            var (arguments, end) = Arguments(sql, match.Index + match.Length);
            sql = sql[..match.Index] + string.Format(System.Globalization.CultureInfo.InvariantCulture, Shared[match.Groups[1].Value], arguments) + sql[end..];
        }
        return sql;
    }

    private static (object[] Arguments, int End) Arguments(string sql, int at)
    {
        var (found, begin, depth) = (new List<object>(), at, 0);
        for (; ; at++)
        {
            if (sql[at] == '(') depth++;
            else if (sql[at] == ')' && depth > 0) depth--;
            else if (depth == 0 && (sql[at] is ',' or ')'))
            {
                found.Add(sql[begin..at].Trim());
                begin = at + 1;
                if (sql[at] == ')') return ([.. found], at + 1);
            }
        }
    }

    [GeneratedRegex(@"(?<![\w.])(acl|own|user_schema|relation|resolved)\(")]
    private static partial Regex Call();
}
