using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;

namespace Godwit.Engines.Postgres;

/// <summary>The source's SQL is PostgreSQL's already: its statements are executed as they are, and nobody asks for a translation.</summary>
internal sealed class NoTranslator : ISqlTranslator
{
    public Translation Expression(string sql, ScopeTable table, ScopeColumn? column, ExpressionUse use) => throw Unasked();
    public ViewTranslation View(View view, TranslationScope scope) => throw Unasked();
    public TriggerTranslation Trigger(Trigger trigger, TranslationScope scope, bool onceAtATime) => throw Unasked();
    public ImmutableArray<string> References(View view) => throw Unasked();
    public ImmutableArray<string> HelperSql(IEnumerable<string> helpers, string schema) => [];

    private static GodwitException Unasked() => new(ErrorKind.Internal, "translation-unasked", "A PostgreSQL source was asked to translate SQL.", "please report this");
}
