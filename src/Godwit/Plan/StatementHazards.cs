using Godwit.Schema;

namespace Godwit.Plan;

/// <summary>What stands in the way of a PostgreSQL source, told before anything is changed.</summary>
internal static class StatementHazards
{
    private const int Shown = 5;

    public static void Look(StatementContext context)
    {
        var facts = context.Facts;
        if (context.Options.TargetSchema != "public")
            context.Find("schema-option-unsupported", Severity.Block, "--schema", "Objects of a PostgreSQL source keep their schemas; --schema does not apply.", "Leave it out.");
        if (!context.Options.MisfitRules.IsEmpty)
            context.Find("misfit-option-unused", Severity.Warning, "--on-misfit", "Between PostgreSQL servers every value fits its column; what breaks a key or a constraint are rows. A policy for a column does not apply.", "--on-misfit quarantine sets such rows aside, --on-misfit fail ends the run; else they stay, and are named by their keys.");
        if (facts.Encoding == "SQL_ASCII")
            context.Find("source-encoding", Severity.Block, "source", "The source's encoding is SQL_ASCII: nobody knows what its bytes mean.", "Find out, and restore a dump of it into a database of that encoding first (pg_dump -E).");
        else if (facts.Encoding != "UTF8")
            context.Find("source-encoding", Severity.Info, "source", $"The source's encoding is {facts.Encoding}; text arrives as UTF-8.");
        if (context.Target is not { } target) return;
        if (facts.Major > target.VersionNumber / 10000)
            context.Find("target-older-than-source", Severity.Warning, "target", $"The source is PostgreSQL {facts.Version}, the target {target.VersionNumber / 10000}: what only the newer one knows will be refused.", "Use a target of the same version or a later one.");
        Extensions(context, target);
        if (context.Options.IfExists == IfExists.Fail && !context.Options.DataOnly && !context.Input.Resuming) Occupied(context);
    }

    private static void Extensions(StatementContext context, TargetInventory target)
    {
        foreach (var statement in context.Facts.Statements.Where(s => s.Kind == "EXTENSION"))
        {
            var version = context.Facts.Extensions.FirstOrDefault(e => e.Name == statement.Name)?.Version;
            if (target.Installed.ContainsKey(statement.Name)) continue;
            if (!target.Available.TryGetValue(statement.Name, out var available))
                context.Find("extension-missing", Severity.Block, $"EXTENSION {statement.Name}", "The target's server does not have it.", ExtensionPackages.Hint(statement.Name, target.VersionNumber / 10000));
            else if (version is not null && version != available)
                context.Find("extension-version", Severity.Info, $"EXTENSION {statement.Name}", $"The source has version {version}, the target will have {available}.", $"ALTER EXTENSION {SqlName.Quote(statement.Name)} UPDATE; on the source makes them alike where the source can.");
        }
    }

    private static void Occupied(StatementContext context)
    {
        var target = context.Target!;
        var clash = context.Facts.Statements.Where(s => s.Kind is "TABLE" or "VIEW" or "MATERIALIZED VIEW" or "FOREIGN TABLE" or "SEQUENCE" or "TYPE" or "DOMAIN")
            .Where(s => StatementRemoval.IsThere(context, s) || s.Kind is not ("TYPE" or "DOMAIN") && IsNamed(s.Schema, s.Name)).Select(s => new SqlName(s.Schema, s.Name).ToString())
            // An index that is there already would leave a table without its key.
            .Concat(context.Facts.Statements.Where(s => IndexOf(context, s) is { } index && IsNamed(s.Schema, index)).Select(s => new SqlName(s.Schema, IndexOf(context, s)!).ToString()))
            .Concat(context.Facts.Statements.Where(s => s.Kind is "FUNCTION" or "PROCEDURE" or "AGGREGATE" && IsMade(s) && target.Functions.Contains($"{s.Schema}.{s.Name}")).Select(s => $"{s.Kind.ToLowerInvariant()} {s.Schema}.{s.Name}"))
            .Distinct().ToList();
        if (clash.Count == 0) return;
        context.Find("target-not-empty", Severity.Block, "target", $"The target already has {string.Join(", ", clash.Take(Shown))}{(clash.Count > Shown ? $" and {clash.Count - Shown} more" : "")}.",
            "Name an empty database; --if-exists replace drops what has the same name, --data-only adds rows to what is there.");

        // What stays as it is where it is there already says CREATE OR REPLACE.
        static bool IsMade(SchemaStatement s) => s.Sql.StartsWith($"CREATE {s.Kind} ", StringComparison.Ordinal);

        // Tables, views, sequences and indexes share their names, and a table or view is a type of its name too.
        bool IsNamed(string? schema, string name) => new SqlName(schema, name).ToString() is var full && (target.Relations.Contains(full) || target.Indexes.Contains(full) || target.Types.Contains(full));
    }

    /// <summary>The index that a statement makes: its own, or that of a key, whose tag is "table key".</summary>
    private static string? IndexOf(StatementContext context, SchemaStatement statement) => statement.Kind switch
    {
        "INDEX" => statement.Name,
        "CONSTRAINT" when statement.Table is { } table && context.Input.Schema.FindTable(table)?.Relation?.Name is { } name && statement.Name.StartsWith(name + " ", StringComparison.Ordinal) => statement.Name[(name.Length + 1)..],
        _ => null,
    };
}

/// <summary>Where the server's system finds an extension.</summary>
internal static class ExtensionPackages
{
    public static string Hint(string extension, int major)
    {
        var package = extension switch
        {
            "postgis" or "postgis_raster" or "postgis_topology" or "postgis_tiger_geocoder" or "address_standardizer" => $"postgresql-{major}-postgis-3",
            "vector" => $"postgresql-{major}-pgvector",
            "pg_cron" => $"postgresql-{major}-cron",
            "pgaudit" => $"postgresql-{major}-pgaudit",
            "pg_partman" => $"postgresql-{major}-partman",
            "pgrouting" => $"postgresql-{major}-pgrouting",
            "hypopg" => $"postgresql-{major}-hypopg",
            "pg_repack" => $"postgresql-{major}-repack",
            "rum" => $"postgresql-{major}-rum",
            "plv8" => $"postgresql-{major}-plv8",
            "http" => $"postgresql-{major}-http",
            "plpython3u" => $"postgresql-plpython3-{major}",
            "plperl" or "plperlu" => $"postgresql-plperl-{major}",
            "pltcl" or "pltclu" => $"postgresql-pltcl-{major}",
            "timescaledb" => $"timescaledb-2-postgresql-{major}",
            _ => null,
        };
        return package is not null ? $"On the target's machine: sudo apt-get install {package} (Debian and Ubuntu, from apt.postgresql.org)."
            : "Install it on the target's server (those of PostgreSQL itself: postgresql-contrib), or drop it in the source if nothing uses it.";
    }
}
