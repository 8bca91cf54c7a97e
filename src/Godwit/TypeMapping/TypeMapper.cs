using Godwit.Schema;

namespace Godwit.TypeMapping;

/// <summary>
/// Decides a column's PostgreSQL type from its declared type (<see cref="TypeRules"/>), the user's casts and the values that it holds.
/// Every type wider than the natural one is a finding.
/// </summary>
public static class TypeMapper
{
    public static TypeChoice Choose(string table, Column column, ColumnProfile profile, TypeOptions options)
    {
        if (options.CastOf(table, column) is { Proposed: { } why } proposal && Proposed(table, column, profile, proposal.PgType, options, why) is { } chosen) return chosen;
        if (options.CastOf(table, column) is { Proposed: null } cast)
            return ChooseAs(table, column, profile, cast.PgType, options, $"asked for by --cast {cast.Pattern}={cast.PgType}");
        var declared = DeclaredType.Parse(column.DeclaredType);
        var rule = TypeRules.For(declared);
        var decision = new TypeDecision(table, column, profile, options);
        if (column.IsRowKey) return decision.RowKey();
        if (options.PostGis is not null && column.Geometry is { } geometry && decision.Geometries(geometry, options.PostGis) is { } spatial) return spatial;
        return rule.ByValues ? decision.ByValues(rule, declared) : rule.Encode switch
        {
            CellEncoding.Int2 or CellEncoding.Int4 or CellEncoding.Int8 => decision.Integers(rule, declared),
            CellEncoding.Float8 => decision.Reals(rule),
            CellEncoding.Numeric => decision.Decimals(rule, declared),
            CellEncoding.Bool => decision.Booleans(rule),
            CellEncoding.Date or CellEncoding.Timestamp or CellEncoding.TimestampTz => decision.Moments(rule),
            CellEncoding.Time => decision.Times(rule),
            CellEncoding.Jsonb => decision.Json(rule),
            CellEncoding.Uuid => decision.Uuids(rule),
            CellEncoding.Bytea => decision.Bytes(rule),
            _ => decision.Texts(rule, declared),
        };
    }

    private static TypeChoice? Proposed(string table, Column column, ColumnProfile profile, string pgType, TypeOptions options, string why)
    {
        var choice = ChooseAs(table, column, profile, pgType, options, why);
        // That values without an offset are UTC is what the proposal says.
        return choice.Misfits > 0 || choice.Findings.Any(f => f.Code == "type-not-proven") ? null : choice with { Findings = choice.Findings.RemoveAll(f => f.Code == "naive-as-utc") };
    }

    /// <summary>
    /// Takes <paramref name="pgType"/> whatever the rules say (a cast, a foreign key that adopts its parent's type). Values that do not fit are
    /// counted in <see cref="TypeChoice.Misfits"/> and the type is never widened.
    /// </summary>
    public static TypeChoice ChooseAs(string table, Column column, ColumnProfile profile, string pgType, TypeOptions options, string why) =>
        new TypeDecision(table, column, profile, options).As(PgTypeName.Parse(pgType, $"{table}.{column.Name}"), why);

    /// <summary>The type of a column that the target has. <paramref name="labels"/>: of an enumeration. Null where Godwit cannot write it.</summary>
    internal static TypeChoice? ChooseExisting(string table, Column column, ColumnProfile profile, string pgType, string? labels, TypeOptions options)
    {
        const string Why = "the type that the existing table has";
        var decision = new TypeDecision(table, column, profile, options);
        if (labels is not null) return decision.AsLabels(pgType, labels, Why);
        if (GeometryLimits.OfType(pgType, column.Geometry) is { } limits) return decision.AsGeometry(pgType, limits, Why);
        if (PgTypeName.OfExisting(pgType) is { } known) return decision.As(known, Why, existing: true);
        // NULL is one in any type.
        return profile.Values == 0 ? new TypeChoice(pgType, new(CellEncoding.Text), Fidelity.Exact, Why, 0, []) : null;
    }
}
