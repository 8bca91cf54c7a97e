using Godwit.Plan;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Which rows a refused step asks to be set aside.</summary>
internal abstract record AsideStep
{
    /// <summary>Null: no choice of rows would make the step possible.</summary>
    public static AsideStep? Of(SqlStep step, PostgresException broken) => (step.Kind, broken) switch
    {
        (StepKind.ForeignKeyValidation, { SqlState: PostgresErrorCodes.ForeignKeyViolation, ConstraintName: { } name, SchemaName: { } schema, TableName: { } table }) => new OfOrphans(new(schema, table), name),
        _ => null,
    };

    public abstract Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct);

    /// <summary>The key stands NOT VALID.</summary>
    private sealed record OfOrphans(Schema.SqlName Table, string Name) : AsideStep
    {
        public override async Task NameAsync(NpgsqlConnection connection, AsideRows rows, CancellationToken ct)
        {
            if (await ForeignKey.FindAsync(connection, Table.ToString(), Name, ct) is { } oid && await ForeignKey.ReadAsync(connection, oid, ct) is { OverTime: false } key) await rows.OrphansAsync(key, ct);
        }
    }
}
