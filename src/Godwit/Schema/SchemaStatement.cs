using System.Collections.Immutable;

namespace Godwit.Schema;

/// <summary>When a statement of a dump is executed: before rows, after them, or when everything else is there (grants).</summary>
public enum DumpSection { PreData, PostData, Rights }

/// <summary>
/// One statement of the dump of a source that speaks PostgreSQL, with its object. <paramref name="Id"/> is unique in the dump and the same from
/// dump to dump. <paramref name="Kind"/> is pg_dump's word: TABLE, FUNCTION, POLICY, ACL, DEFAULT ACL, EVENT TRIGGER, SEQUENCE SET,
/// MATERIALIZED VIEW DATA ... <paramref name="Name"/> is pg_dump's tag: the object's name, "table policy" for objects of tables, "f(integer)" for
/// functions. <paramref name="Sql"/> is all that makes it, without its owner: one or more statements, names qualified for an empty search_path.
/// Statements stand in an order in which they can be executed.
/// </summary>
public sealed record SchemaStatement(string Id, string Kind, string? Schema, string Name, string? Owner, string Sql, DumpSection Section)
{
    /// <summary>What removes the object again; "" where it goes with another.</summary>
    public string Drop { get; init; } = "";

    /// <summary>Ids of statements that must come before.</summary>
    public ImmutableArray<string> DependsOn { get; init; } = [];

    /// <summary>The object as ALTER ... OWNER TO names it ("TABLE public.a"), null where it has no owner of its own.</summary>
    public string? OwnedObject { get; init; }

    public string? Tablespace { get; init; }

    /// <summary>Table access method, "heap" in most databases; null where it does not apply.</summary>
    public string? AccessMethod { get; init; }

    /// <summary>The table that the object belongs to, as <see cref="Table.Name"/> says it; null where none or unknown.</summary>
    public string? Table { get; init; }

    /// <summary>
    /// search_path under which the statement is executed. Null: that of the dump, pg_catalog alone. Set where the text means something else
    /// otherwise: NULLIF, CASE and IS DISTINCT FROM have no place for an operator's schema.
    /// </summary>
    public string? SearchPath { get; init; }

    /// <summary>
    /// The server looks inside of functions that it calls when it is executed, though it looks at no row: PostgreSQL puts the bodies of SQL functions into generated
    /// columns, keys of partitions and expressions of indexes, and looks names up by the search_path. It is that of the application's sessions, then.
    /// </summary>
    public bool LooksInside => Kind is "INDEX ATTACH" or "TABLE ATTACH" or "STATISTICS"
        || (Kind == "TABLE" && (Sql.Contains(" GENERATED ALWAYS AS (", StringComparison.Ordinal) || Sql.Contains("\nPARTITION BY ", StringComparison.Ordinal)));

    /// <summary>Why it differs from the source's own; null where it does not.</summary>
    public string? Rewritten { get; init; }

    /// <summary>In words for plans and findings: "policy mine of app.people" is said as "POLICY app.people mine".</summary>
    public string Subject => Schema is null ? $"{Kind} {Name}" : $"{Kind} {new SqlName(Schema)}.{Name}";
}
