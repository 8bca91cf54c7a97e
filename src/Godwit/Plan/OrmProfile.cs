using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// A framework that made the source, known by its bookkeeping table, and the types that its own migrations would create in PostgreSQL.
/// They are proposals: values that do not fit keep the type that they have without it.
/// </summary>
internal sealed partial record OrmProfile(string Name, string Table, string Says, ImmutableArray<TypeCast> Casts)
{
    /// <summary>Durations are counts of microseconds (Django's DurationField).</summary>
    public bool CountsMicroseconds => Name == "Django";

    [GeneratedRegex("""json_valid\s*\(\s*["`\[]?(?<column>\w+)["`\]]?\s*\)""", RegexOptions.IgnoreCase)]
    private static partial Regex JsonCheck { get; }

    public static OrmProfile? Of(DatabaseSchema schema) =>
        schema.FindTable("django_migrations") is { } django ? Django(schema, django)
        : schema.FindTable("ar_internal_metadata") is { } rails && schema.FindTable("schema_migrations") is not null
            ? new("Rails", rails.Name, "json stays json, datetime(6) is timestamp(6)", [Cast("json", "json", "what t.json creates"), Cast("datetime(6)", "timestamp(6)", "what t.datetime creates")])
        : schema.FindTable("_prisma_migrations") is { } prisma
            ? new("Prisma", prisma.Name, "Int is integer, DateTime is timestamp(3), Decimal is numeric(65,30)",
            [
                Cast("_prisma_migrations.*_at", "timestamptz", "what Prisma makes its own table of"), Cast("INTEGER", "integer", "what Prisma's Int is"), Cast("DATETIME", "timestamp(3)", "what Prisma's DateTime is"),
                Cast("DECIMAL", "numeric(65,30)", "what Prisma's Decimal is"),
            ])
        : schema.FindTable("alembic_version") is { } alembic
            ? new("SQLAlchemy with Alembic", alembic.Name, "Integer is integer, JSON stays json", [Cast("INTEGER", "integer", "what SQLAlchemy's Integer is"), Cast("JSON", "json", "what SQLAlchemy's JSON is")])
        : schema.FindTable("migrations") is { } laravel && laravel.FindColumn("migration") is not null && laravel.FindColumn("batch") is not null
            ? new("Laravel", laravel.Name, "tinyint(1) is boolean", [Cast("tinyint(1)", "boolean", "what $table->boolean() creates")])
        : schema.FindTable("__EFMigrationsHistory") is { } ef
            ? new("EF Core", ef.Name, "its SQLite types do not tell DateTime, Guid and decimal from text: for its own types, let its migrations create the tables and load with --data-only", [])
        : null;

    private static TypeCast Cast(string pattern, string pgType, string why) => new(pattern, pgType, why);

    // DateTimeField, UUIDField and JSONField of Django's SQLite backend (django/db/backends/sqlite3/base.py: data_types, data_type_check_constraints).
    private static OrmProfile Django(DatabaseSchema schema, Table table) => new("Django", table.Name, "datetime is timestamptz (Django stores UTC), char(32) is uuid, text that is checked as JSON is jsonb",
    [
        Cast("datetime", "timestamptz", "what DateTimeField is; Django stores UTC"), Cast("char(32)", "uuid", "what UUIDField is"),
        .. schema.Tables.SelectMany(t => t.Checks.Select(c => JsonCheck.Match(c.Expression)).Where(m => m.Success).Select(m => t.FindColumn(m.Groups["column"].Value)).OfType<Column>().Where(c => SourceIsText(c))
            .Select(c => Cast($"{t.Name}.{c.Name}", "jsonb", "what JSONField is"))),
    ]);

    private static bool SourceIsText(Column column) => column.DeclaredType.Equals("text", StringComparison.OrdinalIgnoreCase);

    public Finding Finding => new("orm-recognised", Severity.Info, Table, $"{Name} made this database; types follow what its own migrations create: {Says}.", "--orm none chooses types without regard to it; --cast decides about single columns.");
}
