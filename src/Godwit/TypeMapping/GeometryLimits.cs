using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Schema;

namespace Godwit.TypeMapping;

/// <summary>
/// What a geometry column takes, and how its reference systems are numbered: <paramref name="Srs"/> is the source's number and
/// <paramref name="Srid"/> what PostGIS is told for it. <paramref name="Kind"/>: 1 point ... 7 collection, 0 any (https://www.ogc.org/standard/sfa, section 8.2.8).
/// </summary>
public sealed partial record GeometryLimits(int Kind, int Srs, int Srid)
{
    // SRID_MAXIMUM and SRID_USER_MAXIMUM of PostGIS: https://postgis.net/docs/using_postgis_dbmanagement.html#spatial_ref_sys
    public const int MaxSrid = 998_999;

    public static ImmutableArray<string> Kinds { get; } = ["GEOMETRY", "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"];

    /// <summary>The type's own limits are the column's: kind, dimensions and reference system of each value are those.</summary>
    public bool Typed { get; init; }
    public bool HasZ { get; init; }
    public bool HasM { get; init; }
    /// <summary>The values of other reference systems than the column's are not wanted, whatever their kind.</summary>
    public bool OneSystem { get; init; }

    /// <summary>To find out whether values are of the kind and reference system that the source's bookkeeping says.</summary>
    internal static GeometryLimits OfKind(GeometryColumn column) => new(KindOf(column.Kind), column.Srs, column.Srid) { OneSystem = true };

    /// <summary>-1: a kind that is not carried over (curves, surfaces, solids).</summary>
    internal static int KindOf(string name) => name.ToUpperInvariant() is "GEOMCOLLECTION" ? 7 : Kinds.IndexOf(name.ToUpperInvariant());

    /// <summary>A column that the target has; null where its type is no geometry, or of a kind that is not carried over.</summary>
    internal static GeometryLimits? OfType(string pgType, GeometryColumn? source)
    {
        if (GeometryType().Match(pgType) is not { Success: true } type) return null;
        var srid = type.Groups["srid"] is { Success: true } given ? int.Parse(given.ValueSpan, System.Globalization.CultureInfo.InvariantCulture) : 0;
        var limits = new GeometryLimits(0, source?.Srs ?? srid, srid > 0 ? srid : source?.Srid ?? 0) { OneSystem = srid > 0 };
        if (!type.Groups["kind"].Success) return limits;
        var kind = KindOf(type.Groups["kind"].Value);
        return kind < 0 ? null : limits with { Kind = kind, HasZ = type.Groups["z"].Length > 0, HasM = type.Groups["m"].Length > 0, Typed = true };
    }

    /// <summary>What PostGIS is told for a reference system of the source's.</summary>
    public int SridOf(int srs) => srs == Srs ? Srid : srs is > 0 and <= MaxSrid ? srs : 0;

    /// <summary>The way back.</summary>
    public int SrsOf(int srid) => srid == Srid ? Srs : srid;

    internal bool Takes(in GeometryBlob geometry) =>
        (Kind == 0 || Kind == geometry.Kind) && (!OneSystem || SridOf(geometry.Srs) == Srid) && (!Typed || HasZ == geometry.HasZ && HasM == geometry.HasM);

    /// <summary>(PointZ,4326)</summary>
    internal string Modifier => $"({Words[Kind]}{(HasZ ? "Z" : "")}{(HasM ? "M" : "")}{(Srid > 0 ? $",{Srid}" : "")})";

    private static readonly ImmutableArray<string> Words = ["Geometry", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"];

    [GeneratedRegex("""^(?:(?:\w+|"(?:[^"]|"")+")\.)?geometry(?:\((?<kind>[A-Za-z]+?)(?<z>Z?)(?<m>M?)(?:,(?<srid>\d+))?\))?$""", RegexOptions.ExplicitCapture)]
    private static partial Regex GeometryType();
}
