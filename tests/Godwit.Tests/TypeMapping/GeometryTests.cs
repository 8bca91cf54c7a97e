using System.Text.Json;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.TypeMapping;
using Godwit.Verify;
using Xunit;

namespace Godwit.Tests.TypeMapping;

/// <summary>Geometries of GeoPackages and SpatiaLite. The blobs were written by GDAL 3.6 and by SpatiaLite 5.0.</summary>
public class GeometryTests
{
    private const string PointOfPackage = "47500001E61000000101000000000000000000F03F0000000000000040";
    private const string PointOfSpatialite = "0001E6100000000000000000F03F0000000000000040000000000000F03F00000000000000407C01000000000000000000F03F0000000000000040FE";
    private const string LineOfPackage = "47500003E61000000000000000000000000000000000F03F0000000000000000000000000000F03F01D20700000200000000000000000000000000000000000000000000000000F03F000000000000F03F000000000000F03F0000000000000040";
    private const string LineOfSpatialite = "0001E610000000000000000000000000000000000000000000000000F03F000000000000F03F7CD20700000200000000000000000000000000000000000000000000000000F03F000000000000F03F000000000000F03F0000000000000040FE";
    private const string PolygonOfSpatialite = "0001110F000000000000000000000000000000000000000000000000F03F000000000000F03F7C03000000020000000400000000000000000000000000000000000000000000000000F03F0000000000000000000000000000F03F000000000000F03F0000000000000000000000000000000004000000000000000000E03F000000000000D03F000000000000E83F000000000000D03F000000000000E83F000000000000E03F000000000000E03F000000000000D03FFE";
    private const string PointsOfPackage = "47500005E6100000000000000000F03F0000000000001040000000000000004000000000000014400000000000000840000000000000184001EC0300000200000001E9030000000000000000F03F0000000000000040000000000000084001E9030000000000000000104000000000000014400000000000001840";
    private const string PointsOfSpatialite = "0001E6100000000000000000F03F0000000000000040000000000000104000000000000014407CEC0300000200000069E9030000000000000000F03F0000000000000040000000000000084069E9030000000000000000104000000000000014400000000000001840FE";
    private const string CollectionOfPackage = "47500003E61000000000000000000000000000000000F03F000000000000000000000000000000400107000000020000000101000000000000000000F03F000000000000004001020000000200000000000000000000000000000000000000000000000000F03F000000000000F03F";
    private const string CollectionOfSpatialite = "0001E610000000000000000000000000000000000000000000000000F03F00000000000000407C07000000020000006901000000000000000000F03F000000000000004069020000000200000000000000000000000000000000000000000000000000F03F000000000000F03FFE";
    private const string EmptyPointOfPackage = "47500011E61000000101000000000000000000F87F000000000000F87F";
    private const string EmptyPolygonsOfPackage = "47500011E6100000010600000000000000";
    private const string CurveOfPackage = "47500003E6100000000000000000000000000000000000400000000000000000000000000000F03F01080000000300000000000000000000000000000000000000000000000000F03F000000000000F03F00000000000000400000000000000000";
    private const string CompressedOfSpatialite = "0001E6100000000000000000000000000000000000000000000000000040000000000000F03F7C42420F0003000000000000000000000000000000000000000000803F0000803F00000000000000400000000000000000FE";

    private static readonly GeometryLimits Any = new(0, 4326, 4326);

    public static TheoryData<string, int, bool, bool, int> Sound => new()
    {
        { PointOfPackage, 1, false, false, 4326 }, { PointOfSpatialite, 1, false, false, 4326 }, { LineOfPackage, 2, false, true, 4326 }, { LineOfSpatialite, 2, false, true, 4326 },
        { PolygonOfSpatialite, 3, false, false, 3857 }, { PointsOfPackage, 4, true, false, 4326 }, { PointsOfSpatialite, 4, true, false, 4326 },
        { CollectionOfPackage, 7, false, false, 4326 }, { CollectionOfSpatialite, 7, false, false, 4326 }, { EmptyPointOfPackage, 1, false, false, 4326 }, { EmptyPolygonsOfPackage, 6, false, false, 4326 },
    };

    [Theory]
    [MemberData(nameof(Sound))]
    public void A_blob_is_read_and_comes_back_byte_for_byte(string hex, int kind, bool z, bool m, int srs)
    {
        var blob = Convert.FromHexString(hex);
        Assert.True(GeometryBlob.TryRead(blob, out var geometry));
        Assert.Equal((kind, z, m, srs), (geometry.Kind, geometry.HasZ, geometry.HasM, geometry.Srs));

        var back = new BackColumn(new ColumnEncoding(CellEncoding.Geometry) { Geometry = Any });
        for (var i = 0; i < 3; i++) back.Cell(SourceCell.OfBlob(blob));
        Assert.Equal(BackVerdict.Exact, back.Verdict);
    }

    [Theory]
    [InlineData(PointOfPackage, PointOfSpatialite)]
    [InlineData(LineOfPackage, LineOfSpatialite)]
    [InlineData(PointsOfPackage, PointsOfSpatialite)]
    [InlineData(CollectionOfPackage, CollectionOfSpatialite)]
    public void Both_formats_say_the_same(string one, string other)
    {
        Assert.True(GeometryBlob.TryRead(Convert.FromHexString(one), out var package) & GeometryBlob.TryRead(Convert.FromHexString(other), out var spatialite));
        byte[] left = new byte[package.EwkbLength], right = new byte[spatialite.EwkbLength];
        package.WriteEwkb(4326, left);
        spatialite.WriteEwkb(4326, right);
        Assert.Equal(Convert.ToHexString(left), Convert.ToHexString(right));

        var meaning = new GeometryMeaning();
        var means = meaning.OfBlob(Any, Convert.FromHexString(one));
        Assert.NotNull(means);
        Assert.Equal(means, meaning.OfBlob(Any, Convert.FromHexString(other)));
        Assert.Equal(means, meaning.OfText(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexString(left))));
        package.WriteEwkb(3857, left);
        Assert.NotEqual(means, meaning.OfText(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexString(left))));
    }

    [Fact]
    public void The_reference_system_stands_behind_the_type()
    {
        Assert.True(GeometryBlob.TryRead(Convert.FromHexString(PointOfSpatialite), out var point));
        var ewkb = new byte[point.EwkbLength];
        point.WriteEwkb(25832, ewkb);
        Assert.Equal("0101000020E8640000000000000000F03F0000000000000040", Convert.ToHexString(ewkb));
    }

    // Big-endian throughout: header, geometry and the geometry within.
    [Fact]
    public void The_order_of_bytes_does_not_matter()
    {
        var big = Convert.FromHexString("47500000000010E60000000007000000010000000001" + "3FF0000000000000" + "4000000000000000");
        var little = Convert.FromHexString("47500001E6100000010700000001000000" + "0101000000000000000000F03F0000000000000040");
        Assert.True(GeometryBlob.TryRead(big, out var geometry));
        Assert.Equal((7, 4326), (geometry.Kind, geometry.Srs));
        var meaning = new GeometryMeaning();
        Assert.Equal(meaning.OfBlob(Any, little), meaning.OfBlob(Any, big));
        Assert.NotEqual(meaning.OfBlob(Any, little), meaning.OfBlob(Any, Convert.FromHexString(PointOfPackage)));
    }

    [Theory]
    [InlineData(CurveOfPackage)]
    [InlineData(CompressedOfSpatialite)]
    [InlineData("")]
    [InlineData("47500001E6100000")]
    [InlineData("47500021E61000000101000000000000000000F03F0000000000000040")] // an extension's own form
    [InlineData("4750000BE61000000101000000000000000000F03F0000000000000040")] // an envelope of no known size
    [InlineData("47500001E61000000101000000000000000000F03F00000000000000")] // cut off
    [InlineData("47500001E61000000101000000000000000000F03F000000000000004000")] // too long
    [InlineData("47500001E61000000102000000010000000000000000000000000000000000F03F")] // a line of one point
    [InlineData("47500001E6100000010300000001000000040000000000000000000000000000000000000000000000000000000000F03F0000000000000000000000000000F03F000000000000F03F000000000000F03F000000000000F03F")] // a ring that is open
    [InlineData("47500001E61000000104000000010000000102000000" + "00000000")] // a line in a multipoint
    [InlineData("47500001E610000001070000000100000001E9030000" + "000000000000F03F00000000000000400000000000000840")] // heights in a flat collection
    [InlineData("47500001E610000001060000" + "00FFFFFFFF")] // more parts than bytes
    public void What_PostGIS_would_not_take_is_no_geometry(string hex)
    {
        Assert.False(GeometryBlob.TryRead(Convert.FromHexString(hex), out _));
        Assert.Equal([Misfit.NotAGeometry], Values.Encode(new(CellEncoding.Geometry) { Geometry = Any }, [Convert.FromHexString(hex)]));
    }

    [Fact]
    public void Damaged_blobs_are_told_from_sound_ones_without_a_fault()
    {
        var random = new Random(7);
        string[] blobs = [PolygonOfSpatialite, PointsOfPackage, CollectionOfPackage, CollectionOfSpatialite];
        var meaning = new GeometryMeaning();
        var (sound, damaged) = (0, 0);
        for (var n = 0; n < 20_000; n++)
        {
            var blob = Convert.FromHexString(blobs[n % blobs.Length]);
            for (var k = random.Next(1, 4); k > 0; k--) blob[random.Next(blob.Length)] = (byte)random.Next(256);
            var whole = GeometryBlob.TryRead(blob, out var geometry);
            var means = meaning.OfBlob(Any, blob);
            if (!whole)
            {
                damaged++;
                continue;
            }
            sound++;
            var ewkb = new byte[geometry.EwkbLength];
            geometry.WriteEwkb(Any.SridOf(geometry.Srs), ewkb);
            Assert.NotNull(means);
            Assert.Equal(means, meaning.OfText(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexString(ewkb))));
        }
        Assert.True(sound > 1000 && damaged > 1000, $"{sound} sound, {damaged} damaged");
    }

    [Fact]
    public void A_deeply_nested_collection_is_no_geometry()
    {
        var hex = "47500001E6100000" + string.Concat(Enumerable.Repeat("010700000001000000", 5_000)) + "010700000000000000";
        Assert.False(GeometryBlob.TryRead(Convert.FromHexString(hex), out _));
    }

    // A curve, alone and in a collection, as PostGIS prints them: a column of any geometry takes them.
    [Theory]
    [InlineData("0108000020E61000000300000000000000000000000000000000000000000000000000F03F000000000000F03F00000000000000400000000000000000")]
    [InlineData("0107000020E6100000010000000108000000030000000000000000000000000000000000000000000000000000F03F000000000000F03F00000000000000400000000000000000")]
    public void What_the_file_has_no_form_for_does_not_go_back(string ewkb)
    {
        ColumnEncoding encoding = new(CellEncoding.Geometry) { Geometry = Any };
        Assert.All(BackForm.Of(encoding), form => Assert.Null(form.Write(encoding, ewkb)));
        Assert.All(BackForm.Of(encoding), form => Assert.NotNull(form.Write(encoding, "0101000020E6100000000000000000F03F0000000000000040")));
    }

    private static TypeChoice Choose(GeometryColumn geometry, params string?[] hex)
    {
        var options = TypeOptions.Default with { PostGis = "extensions" };
        var column = Values.Column("POINT") with { Geometry = geometry };
        var profiler = new TableProfiler(new Table { Name = "t", Columns = [column] }, [column], options: options);
        for (var i = 0; i < hex.Length; i++)
        {
            profiler.BeginRow(i + 1);
            profiler.Cell(0, Values.Cell(hex[i] is { } h ? Convert.FromHexString(h) : null));
            profiler.EndRow();
        }
        return TypeMapper.Choose("t", column, profiler.ToProfile().Columns[0], options);
    }

    private static GeometryColumn Column(string kind, bool z = false, bool m = false) => new(kind, z, m, 4326, 4326, null);

    [Fact]
    public void The_type_says_kind_dimensions_and_reference_system_where_all_values_have_them()
    {
        Assert.Equal("extensions.geometry(Point,4326)", Choose(Column("POINT"), PointOfPackage, null).PgType);
        Assert.Equal("extensions.geometry(LineStringM,4326)", Choose(Column("LINESTRING"), LineOfPackage).PgType);
        Assert.Equal("extensions.geometry(MultiPointZ,4326)", Choose(Column("MULTIPOINT", z: true), PointsOfSpatialite).PgType);
        Assert.Equal("extensions.geometry(GeometryCollection,4326)", Choose(Column("GEOMCOLLECTION"), CollectionOfPackage).PgType);
        Assert.Equal("extensions.geometry(Geometry,4326)", Choose(Column("GEOMETRY"), PointOfPackage, CollectionOfPackage).PgType);
        Assert.Equal("extensions.geometry(PolygonZM,4326)", Choose(Column("POLYGON", z: true, m: true), null, null).PgType);
    }

    [Fact]
    public void Values_that_differ_leave_a_column_of_any_geometry()
    {
        var kinds = Choose(Column("POINT"), PointOfPackage, CollectionOfPackage);
        Assert.Equal(("extensions.geometry", 0L), (kinds.PgType, kinds.Misfits));
        Assert.Equal(["geometry-of-another-kind"], Values.Codes(kinds));
        Assert.Equal("extensions.geometry", Choose(Column("GEOMETRY"), PointOfPackage, PointsOfPackage).PgType);
        Assert.Equal("extensions.geometry", Choose(Column("POLYGON"), PolygonOfSpatialite).PgType);
    }

    [Fact]
    public void A_column_with_values_that_are_no_geometries_stays_bytes()
    {
        var curves = Choose(Column("GEOMETRY"), PointOfPackage, CurveOfPackage);
        Assert.Equal("bytea", curves.PgType);
        Assert.Contains("geometry-kept-as-bytes", Values.Codes(curves));
        Assert.Equal("bytea", Choose(Column("COMPOUNDCURVE"), PointOfPackage).PgType);
    }

    [Theory]
    [InlineData("geometry", true, true)]
    [InlineData("public.geometry(Point,4326)", true, false)]
    [InlineData("\"My gis\".geometry(GeometryCollection)", false, true)]
    [InlineData("geometry(PointZ,4326)", false, false)]
    [InlineData("geometry(Point,25832)", true, false)] // the column's number is the target's choice
    public void A_column_that_the_target_has_takes_what_its_type_takes(string pgType, bool point, bool collection)
    {
        var limits = GeometryLimits.OfType(pgType, Column("GEOMETRY"))!;
        Assert.True(GeometryBlob.TryRead(Convert.FromHexString(PointOfPackage), out var one) & GeometryBlob.TryRead(Convert.FromHexString(CollectionOfPackage), out var other));
        Assert.Equal((point, collection), (limits.Takes(one), limits.Takes(other)));
        Assert.Null(GeometryLimits.OfType("geometry(CurvePolygon,4326)", null));
        Assert.Null(GeometryLimits.OfType("geography(Point,4326)", null));
        Assert.Null(GeometryLimits.OfType("text", null));
    }

    [Fact]
    public void A_plan_keeps_what_a_column_takes()
    {
        var converter = new JsonSerializerOptions { Converters = { new ColumnEncodingConverter() } };
        ColumnEncoding encoding = new(CellEncoding.Geometry) { Geometry = new(6, 100_000, 25832) { Typed = true, HasZ = true, OneSystem = true } };
        Assert.Equal(encoding, JsonSerializer.Deserialize<ColumnEncoding>(JsonSerializer.Serialize(encoding, converter), converter));
    }
}
