using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Engines.Postgres;

/// <summary>
/// Entries of a dump as statements. What pg_restore adds to an entry when it executes it (who owns it, where it is stored) is added here by the
/// same rules (_printTocEntry and _getObjectDescription of pg_backup_archiver.c).
/// </summary>
internal static class DumpStatements
{
    private const int PreData = 2, Data = 3;
    private const string OwnPublication = "godwit_";

    public static ImmutableArray<SchemaStatement> Of(ImmutableArray<DumpEntry> entries)
    {
        var byId = entries.ToDictionary(e => e.Id);
        var ids = new Dictionary<int, string>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            var id = $"{entry.Description} {(entry.Namespace is null ? "" : entry.Namespace + ".")}{entry.Tag}";
            // Operators, casts and the like may share a tag; their order is that of the dump.
            var unique = id;
            for (var n = 2; !taken.Add(unique); n++) unique = $"{id} #{n}";
            ids[entry.Id] = unique;
        }
        return [.. entries.Where(IsStatement).Select(e => Statement(e, byId, ids))];
    }

    // ENCODING, STDSTRINGS and SEARCHPATH are settings of the session that executes the dump: those of Godwit's sessions are the same.
    private static bool IsStatement(DumpEntry entry) =>
        entry.Section != Data && entry.Description is not ("ENCODING" or "STDSTRINGS" or "SEARCHPATH" or "DATABASE" or "DATABASE PROPERTIES") && HasSql(entry.Definition) && !IsOwn(entry);

    // What following the source needs there, and nowhere else.
    private static bool IsOwn(DumpEntry entry) =>
        (entry.Description is "PUBLICATION" or "PUBLICATION TABLE" && entry.Tag.StartsWith(OwnPublication, StringComparison.Ordinal))
        || (entry.Description == "COMMENT" && entry.Tag.StartsWith("PUBLICATION " + OwnPublication, StringComparison.Ordinal))
        || (entry.Description == "TRIGGER" && (entry.Tag.EndsWith(" godwit_pair_fence", StringComparison.Ordinal) || entry.Tag.Contains(" !godwit_", StringComparison.Ordinal)));

    // Of what initdb makes, the dump says in a comment that it is there already.
    private static bool HasSql(string definition) =>
        definition.Split('\n').Any(l => l.Trim() is { Length: > 0 } line && !line.StartsWith("--", StringComparison.Ordinal));

    private static SchemaStatement Statement(DumpEntry entry, Dictionary<int, DumpEntry> byId, Dictionary<int, string> ids) =>
        new(ids[entry.Id], entry.Description, entry.Namespace, entry.Tag, entry.Owner, entry.Definition.Trim(), SectionOf(entry, byId))
        {
            Drop = HasSql(entry.Drop) ? entry.Drop.Trim() : "",
            DependsOn = [.. entry.Dependencies.Where(ids.ContainsKey).Select(d => ids[d])],
            OwnedObject = entry.Owner is null || !HasSql(entry.Drop) ? null : OwnedObject(entry),
            Tablespace = entry.Tablespace,
            AccessMethod = entry.AccessMethod,
            Table = TableOf(entry, byId),
        };

    private static DumpSection SectionOf(DumpEntry entry, Dictionary<int, DumpEntry> byId)
    {
        if (entry.Description is "ACL" or "DEFAULT ACL") return DumpSection.Rights;
        if (entry.Section == PreData) return DumpSection.PreData;
        if (entry.Section > Data) return DumpSection.PostData;
        // Comments and labels go with their object.
        var objects = entry.Dependencies.Where(byId.ContainsKey).Select(d => byId[d]).ToList();
        return objects.Count == 0 || objects.All(o => o.Section == PreData) ? DumpSection.PreData : DumpSection.PostData;
    }

    private static string? OwnedObject(DumpEntry entry)
    {
        switch (entry.Description)
        {
            case "COLLATION" or "CONVERSION" or "DOMAIN" or "FOREIGN TABLE" or "MATERIALIZED VIEW" or "SEQUENCE" or "STATISTICS" or "TABLE" or "TEXT SEARCH DICTIONARY"
                or "TEXT SEARCH CONFIGURATION" or "TYPE" or "VIEW" or "PROCEDURAL LANGUAGE" or "SCHEMA" or "EVENT TRIGGER" or "FOREIGN DATA WRAPPER" or "SERVER" or "PUBLICATION" or "SUBSCRIPTION":
                return $"{entry.Description} {new SqlName(entry.Namespace, entry.Tag)}";
            // Their arguments stand in the DROP statement.
            case "AGGREGATE" or "FUNCTION" or "OPERATOR" or "OPERATOR CLASS" or "OPERATOR FAMILY" or "PROCEDURE":
                return entry.Drop.Trim()["DROP ".Length..].TrimEnd(';').Trim();
            default:
                return null;
        }
    }

    /// <summary>The nearest table among what the entry depends on: the tag of its objects begins with the table's name.</summary>
    private static string? TableOf(DumpEntry entry, Dictionary<int, DumpEntry> byId)
    {
        if (entry.Description is "TABLE" or "FOREIGN TABLE" or "MATERIALIZED VIEW" or "VIEW") return new SqlName(entry.Namespace, entry.Tag).ToString();
        if (entry.Description is not ("INDEX" or "CONSTRAINT" or "FK CONSTRAINT" or "CHECK CONSTRAINT" or "TRIGGER" or "RULE" or "POLICY" or "ROW SECURITY" or "DEFAULT" or "STATISTICS" or "TABLE ATTACH" or "PUBLICATION TABLE")) return null;
        var tables = entry.Dependencies.Where(byId.ContainsKey).Select(d => byId[d])
            .Where(d => d.Description is "TABLE" or "FOREIGN TABLE" or "MATERIALIZED VIEW" or "VIEW" && d.Namespace == entry.Namespace).ToList();
        var named = tables.Where(t => entry.Tag == t.Tag || entry.Tag.StartsWith(t.Tag + " ", StringComparison.Ordinal)).MaxBy(t => t.Tag.Length);
        return (named ?? (tables.Count > 0 ? tables[0] : null)) is { } table ? new SqlName(table.Namespace, table.Tag).ToString() : null;
    }
}
