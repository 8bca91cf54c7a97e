using System.Collections.Immutable;
using Godwit.Engines.Sqlite.Sql;

namespace Godwit.Engines.Sqlite;

/// <summary>CREATE VIRTUAL TABLE name USING module(arguments): the module and its arguments as written.</summary>
internal sealed class VirtualTable(string sql) : TokenReader(sql)
{
    internal string Module { get; private set; } = "unknown";
    internal ImmutableArray<string> Arguments { get; private set; } = [];

    internal static VirtualTable Read(string sql)
    {
        try
        {
            var table = new VirtualTable(sql);
            table.Parse();
            return table;
        }
        catch (SqlParseException)
        {
            return new VirtualTable("");
        }
    }

    private void Parse()
    {
        ExpectWord("CREATE");
        ExpectWord("VIRTUAL");
        ExpectWord("TABLE");
        if (IsWord("IF")) Mark += 3;
        TakeName("a table");
        if (TakeSymbol(".")) TakeName("a table");
        ExpectWord("USING");
        Module = TakeName("a module").ToLowerInvariant();
        if (!IsSymbol("(")) return;
        Take();
        var arguments = ImmutableArray.CreateBuilder<string>();
        for (int depth = 0, start = Current.Start; ; Take())
        {
            if (Current.Kind == TokenKind.End) throw Unexpected("\")\"");
            if (IsSymbol("(")) depth++;
            else if (IsSymbol(")") && depth-- == 0 || IsSymbol(",") && depth == 0)
            {
                arguments.Add(Sql[start..Current.Start].Trim());
                start = Current.End;
                if (depth < 0) break;
            }
        }
        Arguments = arguments.ToImmutable();
    }

    internal bool IsFullText => Module is "fts3" or "fts4" or "fts5";

    internal bool IsSpatial => Module is "rtree" or "rtree_i32";

    /// <summary>Where a full-text index takes its text from: null is the index itself, "" is nowhere, else a table.</summary>
    internal string? Content => Option("content");

    /// <summary>"porter" cuts words to their English stems.</summary>
    internal bool Stems => Option("tokenize")?.Contains("porter", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>A column that the index leaves out: UNINDEXED of FTS5, notindexed= of FTS4.</summary>
    internal bool LeavesOut(string column) =>
        Arguments.Any(a => a.EndsWith(" unindexed", StringComparison.OrdinalIgnoreCase) && Same(a[..^" unindexed".Length], column)
            || a.Split('=', 2, StringSplitOptions.TrimEntries) is [var option, var name] && option.Equals("notindexed", StringComparison.OrdinalIgnoreCase) && Same(name, column));

    private static bool Same(string written, string column) => written.Trim().Trim('\'', '"', '`', '[', ']').Equals(column, StringComparison.OrdinalIgnoreCase);

    private string? Option(string name) => Arguments
        .Select(a => a.Split('=', 2, StringSplitOptions.TrimEntries))
        .FirstOrDefault(a => a.Length == 2 && a[0].Equals(name, StringComparison.OrdinalIgnoreCase))?[1].Trim('\'', '"', '`', '[', ']');
}
