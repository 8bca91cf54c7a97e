using System.Collections.Frozen;

namespace Godwit.Engines.Sqlite.Sql;

internal static class Keywords
{
    // The keywords of parse.y without a %fallback to ID; all others may be names.
    private static readonly FrozenSet<string> Reserved = """
        ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT CREATE DEFAULT DEFERRABLE DELETE DISTINCT DROP
        ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM GROUP HAVING IN INDEX INSERT INTERSECT INTO IS ISNULL JOIN LIMIT NOT NOTHING NOTNULL NULL
        ON OR ORDER PRIMARY REFERENCES RETURNING SELECT SET TABLE THEN TO TRANSACTION UNION UNIQUE UPDATE USING VALUES WHEN WHERE
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // Names by themselves (nm), but never an alias without AS, because a join or a clause may begin here.
    private static readonly FrozenSet<string> NotAnAlias = """
        CROSS FULL INNER LEFT NATURAL OUTER RIGHT INDEXED WINDOW
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static bool IsReserved(string word) => Reserved.Contains(word);
    public static bool IsJoinWord(string word) => NotAnAlias.Contains(word);
}
