using Godwit.Schema;

namespace Godwit.TypeMapping;

/// <summary>Geometries, where the target has PostGIS.</summary>
internal sealed partial class TypeDecision
{
    private static readonly Odd NotGeometries = new(ValueFact.NotGeometry, "geometry-kept-as-bytes", "are no geometry that Godwit can hand to PostGIS (a curve, a compressed form, a ring that is not closed)");
    private static readonly Odd OtherGeometries = new(ValueFact.OtherGeometry, "geometry-of-another-kind", "are of another kind or reference system");

    /// <summary>PostGIS's type, with kind and reference system where every value has them; null where some value is no geometry.</summary>
    public TypeChoice? Geometries(GeometryColumn geometry, string postGis)
    {
        var type = new SqlName(postGis, "geometry").ToString();
        var limits = GeometryLimits.OfKind(geometry);
        var sound = profile[ValueFact.Blob] - profile[ValueFact.NotGeometry];
        if (sound < profile.Values || limits.Kind < 0)
        {
            if (profile[ValueFact.NotGeometry] > 0) Add(NotGeometries.Code, Severity.Warning, $"{Say(NotGeometries)}, so that the column stays as it is.", "ogr2ogr converts them.");
            else if (limits.Kind < 0) Add(NotGeometries.Code, Severity.Warning, $"A column of {geometry.Kind} is kept as its bytes.", "ogr2ogr converts it.");
            return null;
        }
        var mixed = profile[ValueFact.GeometryZ] % sound.OrOne() != 0 || profile[ValueFact.GeometryM] % sound.OrOne() != 0;
        if (profile[ValueFact.OtherGeometry] > 0 || mixed)
        {
            var what = profile[ValueFact.OtherGeometry] > 0 ? $"{Say(OtherGeometries)} than {geometry.Kind} of {geometry.Srid}" : $"{profile[ValueFact.GeometryZ]} of {sound} geometries have heights, {profile[ValueFact.GeometryM]} measures";
            Add(OtherGeometries.Code, Severity.Warning, $"{what}: the column takes any geometry.", null);
            return Spatial(type, limits with { Kind = 0, OneSystem = false }, "geometries of several kinds; PostGIS holds each with its reference system");
        }
        limits = limits with { Typed = true, HasZ = sound > 0 ? profile[ValueFact.GeometryZ] > 0 : geometry.HasZ, HasM = sound > 0 ? profile[ValueFact.GeometryM] > 0 : geometry.HasM };
        return Spatial(type + limits.Modifier, limits, "every value is a geometry of this kind");
    }

    /// <summary>A column that the target has.</summary>
    public TypeChoice AsGeometry(string pgType, GeometryLimits limits, string why)
    {
        var others = profile.Values - profile[ValueFact.Blob];
        var misfits = others + profile[ValueFact.NotGeometry] + profile[ValueFact.OtherGeometry];
        if (others > 0) Add("cast-misfits", Severity.Warning, $"{others} value(s) are no blobs; they do not fit {pgType} ({why}).", "--on-misfit quarantine sets these rows aside.");
        foreach (var odd in (ReadOnlySpan<Odd>)[NotGeometries, OtherGeometries])
            if (profile[odd.Fact] > 0) Add("cast-misfits", Severity.Warning, $"{Say(odd)}; they do not fit {pgType} ({why}).", "--on-misfit quarantine sets these rows aside.");
        if (profile[ValueFact.Blob] > 0 && (profile.Probed & Probes.Geometry) == 0) Add("type-not-proven", Severity.Warning, $"The values were not examined for {pgType} ({why}); each is checked when it is copied.", null);
        return Spatial(pgType, limits, why) with { Misfits = misfits };
    }

    private TypeChoice Spatial(string pgType, GeometryLimits limits, string why) =>
        new(pgType, new ColumnEncoding(CellEncoding.Geometry) { Geometry = limits }, Fidelity.Equivalent, why, 0, [.. _findings]);
}

file static class Counts
{
    public static long OrOne(this long count) => Math.Max(count, 1);
}
