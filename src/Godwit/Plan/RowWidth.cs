using Godwit.Schema;
using Godwit.TypeMapping;

namespace Godwit.Plan;

/// <summary>
/// A row must fit a page of 8 kB; only long values can be moved out of line (https://www.postgresql.org/docs/current/storage-toast.html).
/// Where a table's widest row would not fit, integers get the narrowest type that holds their values.
/// </summary>
internal static class RowWidth
{
    // A page of 8192 bytes less its header, a line pointer and the tuple's fixed header.
    private const int Available = 8192 - 24 - 4 - 24;
    // A value of more bytes than that can be moved out of line, and leaves fewer.
    private const int KeptInline = 24;

    public static void Narrow(PlanContext context, Table table, TypeOptions options)
    {
        var width = Worst(context, table);
        if (width <= Available) return;
        foreach (var column in table.Columns.Where(c => !c.IsRowKey && context.Type(table, c).PgType is ("bigint" or "integer")))
            foreach (var narrower in new[] { "smallint", "integer" })
            {
                var choice = TypeMapper.ChooseAs(table.Name, column, context.Profile(table, column), narrower, options, "the row would not fit a page with wider integers");
                if (choice.Misfits > 0) continue;
                context.Types[(table.Name, column.Name)] = choice;
                break;
            }
        var narrowed = Worst(context, table);
        if (narrowed < width)
            context.Find("integers-narrowed", Severity.Warning, table.Name, $"A row of {table.Columns.Length} columns would take up to {width} bytes and must fit a page ({Available}): integers get the narrowest type that holds their values.",
                "Split the table, or set types by --cast.");
        if (narrowed > Available)
            context.Find("row-too-wide", context.Options.Misfits == MisfitPolicy.Fail ? Severity.Block : Severity.Warning, table.Name,
                $"A row that fills every column would take {narrowed} bytes and must fit a page ({Available}); such a row is set aside.", "Split the table in the source, or let such rows be set aside: --on-misfit quarantine.");
    }

    private static int Worst(PlanContext context, Table table)
    {
        var (width, aligned) = ((table.Columns.Length + 7) / 8, 1);
        foreach (var column in table.Columns)
        {
            var (size, align) = Width(context.Type(table, column).PgType, context.Profile(table, column));
            if (size == 0) continue;
            // Room before a value that must stand at a multiple of its size.
            width += size + Math.Max(0, align - aligned);
            aligned = align;
        }
        return width;
    }

    private static (int Size, int Align) Width(string pgType, ColumnProfile profile) => TypePlanner.Base(pgType) switch
    {
        _ when profile.Values == 0 => (0, 1),
        "boolean" => (1, 1),
        "smallint" => (2, 2),
        "integer" or "date" or "real" => (4, 4),
        "uuid" => (16, 1),
        "interval" => (16, 8),
        "inet" => (19, 1),
        "text" or "bytea" or "json" or "jsonb" or "citext" => (Math.Min(KeptInline, Math.Max(Math.Max(profile.MaxTextBytes, profile.MaxBlobBytes), 1) + 1), 1),
        "numeric" => (12, 1),
        _ => (8, 8),
    };
}
