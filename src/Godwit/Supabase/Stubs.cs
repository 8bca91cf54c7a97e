using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Supabase;

/// <summary>Functions that stand in for those of services that stay behind, with the same names, arguments and results.</summary>
internal static class Stubs
{
    public const string Why = "stands in for a service that stays behind";

    /// <summary>One statement a schema and one a function, in this order.</summary>
    public static IEnumerable<SchemaStatement> Make(IEnumerable<FunctionSignature> functions, bool silent, Func<string, bool> hasSchema)
    {
        var all = functions.ToList();
        foreach (var schema in all.Select(f => f.Schema).Distinct().Order(StringComparer.Ordinal))
        {
            var name = SqlName.Quote(schema);
            if (!hasSchema(schema))
                yield return new($"stub-schema:{schema}", "SCHEMA", null, schema, null, $"CREATE SCHEMA {name};\nGRANT USAGE ON SCHEMA {name} TO PUBLIC;\n", DumpSection.PreData) { Drop = $"DROP SCHEMA IF EXISTS {name};", Rewritten = Why };
        }
        foreach (var f in all)
            yield return new($"stub:{f.Schema}.{f.Name}({f.IdentityArguments})", "FUNCTION", f.Schema, $"{f.Name}({f.IdentityArguments})", null, Sql(f, silent), DumpSection.PreData)
            {
                Drop = $"DROP FUNCTION IF EXISTS {new SqlName(f.Schema, f.Name)}({f.IdentityArguments});",
                Rewritten = Why,
            };
    }

    private static string Sql(FunctionSignature f, bool silent)
    {
        var name = $"{f.Schema}.{f.Name}()";
        var message = SqlText.Literal($"{name} was a service of the platform that this database has left");
        var hint = SqlText.Literal($"Replace the function {new SqlName(f.Schema, f.Name)} by one of your own, or drop what calls it.");
        var body = !silent ? $"RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = {message}, HINT = {hint};"
            : f.IsTrigger ? "RETURN coalesce(NEW, OLD);"
            : f.ReturnsSet || f.Result == "void" ? "RETURN;"
            : "RETURN NULL;";
        return $"CREATE OR REPLACE FUNCTION {new SqlName(f.Schema, f.Name)}({f.Arguments}) RETURNS {f.Result} LANGUAGE plpgsql AS $godwit$ BEGIN {body} END $godwit$;\n"
            + $"COMMENT ON FUNCTION {new SqlName(f.Schema, f.Name)}({f.IdentityArguments}) IS {SqlText.Literal($"Made by godwit: {Why}.")};\n";
    }
}
