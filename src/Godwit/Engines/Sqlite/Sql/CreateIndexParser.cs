using System.Collections.Immutable;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>Reads the CREATE INDEX text of sqlite_schema. Expressions are kept as text.</summary>
public static class CreateIndexParser
{
    /// <exception cref="SqlParseException">The text is not a CREATE INDEX statement.</exception>
    public static CreateIndexStatement Parse(string sql) => new IndexReader(sql).Read();

    private sealed class IndexReader(string sql) : DdlReader(sql)
    {
        public CreateIndexStatement Read()
        {
            ExpectWord("CREATE");
            var unique = TakeWord("UNIQUE");
            ExpectWord("INDEX");
            var name = ObjectName();
            ExpectWord("ON");
            var table = TakeName("a table");
            ExpectSymbol("(");
            var terms = Terms(out _);
            string? predicate = null;
            if (TakeWord("WHERE"))
            {
                var start = Current.Start;
                var end = start;
                while (Current.Kind != TokenKind.End && !IsSymbol(";")) end = Take().End;
                if (end == start) throw Unexpected("a condition");
                predicate = Sql[start..end];
            }
            ExpectEnd();
            return new CreateIndexStatement(name, table, unique, terms, predicate);
        }
    }
}
