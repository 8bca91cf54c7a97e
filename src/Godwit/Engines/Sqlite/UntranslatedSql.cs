using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Sqlite;

/// <summary>Stands in until the translator is here: refuses every fragment, so that each becomes a finding.</summary>
internal sealed class UntranslatedSql : ISqlTranslator
{
    private const string Problem = "not translated yet";

    public Translation Expression(string sql, ScopeTable table, ScopeColumn? column, ExpressionUse use) => Translation.Impossible(Problem);

    public ViewTranslation View(View view, TranslationScope scope) => new(null, [], Problem, [], []);

    public ImmutableArray<string> References(View view) => [];

    public ImmutableArray<string> HelperSql(IEnumerable<string> helpers, string schema) => [];
}
