using System.Buffers.Binary;
using Godwit.Cutover;
using Godwit.Plan;
using Godwit.Verify;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Migrating;

/// <summary>GeoPackages and SpatiaLite files into a database that has PostGIS.</summary>
public sealed class GeometryTests(PostgresFixture postgres)
{
    private const string Bookkeeping = """
        create table gpkg_spatial_ref_sys (srs_name text not null, srs_id integer primary key, organization text not null, organization_coordsys_id integer not null, definition text not null, description text);
        insert into gpkg_spatial_ref_sys values ('WGS 84', 4326, 'EPSG', 4326, '', null), ('Undefined', -1, 'NONE', -1, 'undefined', null), ('ours', 100000, 'epsg', 25832, '', null);
        create table gpkg_contents (table_name text not null primary key, data_type text not null, srs_id integer references gpkg_spatial_ref_sys (srs_id));
        create table gpkg_geometry_columns (table_name text not null, column_name text not null, geometry_type_name text not null, srs_id integer not null, z tinyint not null, m tinyint not null, primary key (table_name, column_name));
        create table place (fid integer primary key autoincrement not null, geom blob, name text);
        insert into gpkg_geometry_columns values ('place', 'geom', 'GEOMETRY', 4326, 2, 2);
        create virtual table rtree_place_geom using rtree (id, minx, maxx, miny, maxy);
        create trigger rtree_place_geom_insert after insert on place when (new.geom not null and not ST_IsEmpty(new.geom)) begin insert or replace into rtree_place_geom values (new.fid, ST_MinX(new.geom), ST_MaxX(new.geom), ST_MinY(new.geom), ST_MaxY(new.geom)); end;
        create trigger rtree_place_geom_delete after delete on place when old.geom not null begin delete from rtree_place_geom where id = old.fid; end;
        """;

    private static readonly string[] Shapes =
    [
        "POINT(1 2)", "POINT(-0 1e-300)", "POINT EMPTY", "POINT Z (1 2 3)", "POINT M (1 2 4)", "POINT ZM (1 2 3 4)", "LINESTRING(0 0, 1 1, 2 0)", "LINESTRING EMPTY", "LINESTRING Z (0 0 1, 1 1 2)",
        "POLYGON((0 0, 4 0, 4 4, 0 0), (2 1, 3 1, 3 2, 2 1))", "POLYGON EMPTY", "MULTIPOINT(1 1, 2 2)", "MULTIPOINT ZM (1 1 1 1)", "MULTILINESTRING((0 0, 1 1), (2 2, 3 3, 4 4))",
        "MULTIPOLYGON(((0 0, 4 0, 4 4, 0 0)), ((9 9, 10 9, 10 10, 9 9)))", "MULTIPOLYGON EMPTY", "GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 1 1), GEOMETRYCOLLECTION(POINT(5 5)))", "GEOMETRYCOLLECTION EMPTY",
    ];

    private async Task<Scenario> CreateAsync(string sql, string schema = "public")
    {
        var database = await postgres.CreateSpatialDatabaseAsync();
        await database.ExecuteAsync($"create schema if not exists {schema}; create extension postgis schema {schema}");
        return Scenario.Of(database, sql);
    }

    /// <summary>What PostGIS itself makes of these words, in a GeoPackage's header.</summary>
    private static async Task<byte[]> BlobAsync(Scenario scenario, string words, int srs, bool big = false)
    {
        var binary = await scenario.AskAsync<byte[]>($"select st_asbinary(st_geomfromtext('{words}'), '{(big ? "XDR" : "NDR")}')");
        var header = new byte[8] { (byte)'G', (byte)'P', 0, big ? (byte)0 : (byte)1, 0, 0, 0, 0 };
        if (big) BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), srs);
        else BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), srs);
        return [.. header, .. binary];
    }

    private static void Write(Scenario scenario, string sql, params object[] values)
    {
        using var connection = new SqliteConnection($"Data Source={scenario.File};Pooling=False;Foreign Keys=False");
        connection.Open();
        // The file's own triggers call functions that only GIS libraries have.
        foreach (var name in (string[])["ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"]) connection.CreateFunction(name, (byte[] _) => name == "ST_IsEmpty" ? 1 : 0);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++) command.Parameters.AddWithValue($"${i + 1}", values[i]);
        command.ExecuteNonQuery();
    }

    private static Task<string> TypeAsync(Scenario scenario, string table, string column) =>
        scenario.AskAsync<string>($"select format_type(atttypid, atttypmod) from pg_attribute where attrelid = '{table}'::regclass and attname = '{column}'");

    [Theory]
    [InlineData("public", false)]
    [InlineData("extensions", true)]
    public async Task Every_kind_of_geometry_is_PostGIS_s_own(string schema, bool big)
    {
        await using var scenario = await CreateAsync(Bookkeeping, schema);
        await scenario.DoAsync($"do $$ begin execute format('alter database %I set search_path = public, {schema}', current_database()); end $$");
        foreach (var shape in Shapes) Write(scenario, "insert into place (geom, name) values ($1, $2)", await BlobAsync(scenario, shape, 4326, big), shape);
        Write(scenario, "insert into place default values");

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.EndsWith("geometry", await TypeAsync(scenario, "place", "geom"));
        Assert.Equal(Shapes.Length, await scenario.AskAsync<long>($"select count(*) from place where st_asewkb(geom) = st_asewkb(st_geomfromtext(name, 4326))"));
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from place where geom is null"));
        Assert.Contains("USING gist (geom)", await scenario.AskAsync<string>("select indexdef from pg_indexes where tablename = 'place' and indexname = 'place_geom_idx'"), StringComparison.Ordinal);
        Assert.Equal(0, await scenario.AskAsync<long>("select count(*) from pg_class where relname like 'rtree%'"));
        Assert.Equal(["rtree_place_geom", "rtree_place_geom_delete", "rtree_place_geom_insert"], result.Findings.Where(f => f.Code == "spatial-index-as-gist").Select(f => f.Subject).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_value_that_was_changed_is_found()
    {
        await using var scenario = await CreateAsync(Bookkeeping);
        for (var i = 0; i < 20; i++) Write(scenario, "insert into place (geom) values ($1)", await BlobAsync(scenario, $"LINESTRING(0 0, {i} 1)", 4326));
        await scenario.MigrateAsync();
        await scenario.DoAsync("update place set geom = st_setpoint(geom, 1, st_setsrid(st_makepoint(7, 1.0000000000000002), 4326)) where fid = 8; update place set geom = st_reverse(geom) where fid = 9");

        var table = Assert.Single((await scenario.VerifyAsync()).Tables, t => t.Verdict == Verdict.Different);
        Assert.Equal(("place", 2L), (table.Table, table.DifferentRows));
    }

    [Fact]
    public async Task The_authority_s_number_is_used_and_what_the_sample_did_not_show_is_put_right()
    {
        await using var scenario = await CreateAsync(Bookkeeping + "create table many (id integer primary key, g blob); insert into gpkg_geometry_columns values ('many', 'g', 'POINT', 100000, 0, 0); create view few as select id, g from many where id < 10;");
        var point = await BlobAsync(scenario, "POINT(1 2)", 100_000);
        Write(scenario, "with recursive n (i) as (select 1 union all select i + 1 from n where i < 60000) insert into many select i, $1 from n", point);

        // The view has the column's number, too, and its rows are compared by it.
        Assert.Equal(Verdict.Equal, (await scenario.MigrateAsync()).Verification!.Verdict);
        Assert.Equal("geometry(Point,25832)", await TypeAsync(scenario, "many", "g"));

        // The last row is none that a sample sees.
        Write(scenario, "update many set g = $1 where id = 60000", await BlobAsync(scenario, "LINESTRING(0 0, 1 1)", 4326));
        var again = await scenario.MigrateAsync(new() { Jobs = 2, IfExists = IfExists.Replace });
        Assert.Equal(Verdict.Equal, again.Verification!.Verdict);
        Assert.Equal("geometry", await TypeAsync(scenario, "many", "g"));
        Assert.Contains(again.Findings, f => f is { Code: "geometry-of-another-kind", Subject: "many.g" });
        Assert.Equal("4326|25832", await scenario.AskAsync<string>("select string_agg(distinct st_srid(g)::text, '|' order by st_srid(g)::text desc) from many"));
    }

    [Fact]
    public async Task What_is_no_geometry_stays_bytes_and_says_so()
    {
        await using var scenario = await CreateAsync(Bookkeeping);
        Write(scenario, "insert into place (geom) values ($1), ($2)", await BlobAsync(scenario, "POINT(1 2)", 4326), await BlobAsync(scenario, "CIRCULARSTRING(0 0, 1 1, 2 0)", 4326));

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal("bytea", await TypeAsync(scenario, "place", "geom"));
        Assert.Contains(result.Findings, f => f is { Code: "geometry-kept-as-bytes", Subject: "place.geom" });
        Assert.Contains(result.Findings, f => f is { Code: "spatial-index-left-out", Subject: "rtree_place_geom" });
    }

    [Fact]
    public async Task Tables_of_SpatiaLite_make_room_for_those_of_PostGIS()
    {
        await using var scenario = await CreateAsync("""
            create table spatial_ref_sys (srid integer not null primary key, auth_name text not null);
            insert into spatial_ref_sys values (4326, 'epsg');
            create table geometry_columns (f_table_name text not null, f_geometry_column text not null, geometry_type integer not null, coord_dimension integer not null, srid integer not null references spatial_ref_sys (srid), spatial_index_enabled integer not null, constraint pk_geom_cols primary key (f_table_name, f_geometry_column));
            insert into geometry_columns values ('town', 'geom', 1001, 3, 4326, 1);
            create table town (id integer primary key, geom POINT);
            insert into town values (1, x'0001e6100000000000000000f03f0000000000000040000000000000f03f00000000000000407ce9030000000000000000f03f00000000000000400000000000000840fe');
            create virtual table idx_town_geom using rtree (pkid, xmin, xmax, ymin, ymax);
            create trigger "gii_town_geom" after insert on town for each row begin delete from idx_town_geom where pkid = new.rowid; select RTreeAlign('idx_town_geom', new.rowid, new.geom); end;
            create view towns as select id, geom from town;
            """);

        var result = await scenario.MigrateAsync();

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal("geometry(PointZ,4326)", await TypeAsync(scenario, "town", "geom"));
        Assert.Equal("SRID=4326;POINT(1 2 3)", await scenario.AskAsync<string>("select st_asewkt(geom) from towns"));
        Assert.Equal(1, await scenario.AskAsync<long>("select count(*) from spatial_ref_sys_2"));
        Assert.True(await scenario.AskAsync<long>("select count(*) from spatial_ref_sys") > 1000);
        Assert.Contains(result.Findings, f => f is { Code: "name-changed", Subject: "geometry_columns" });
        // The same again takes the place of the first, and touches nothing of the extension's.
        await scenario.MigrateAsync(new() { Jobs = 2, IfExists = IfExists.Replace });
        Assert.True(await scenario.AskAsync<long>("select count(*) from spatial_ref_sys") > 1000);
    }

    [Fact]
    public async Task An_existing_table_takes_what_its_type_takes()
    {
        await using var scenario = await CreateAsync(Bookkeeping);
        await scenario.DoAsync("create table place (fid bigint primary key, geom geometry(Point, 25832), name text)");
        Write(scenario, "update gpkg_geometry_columns set srs_id = 100000");
        Write(scenario, "insert into place (geom, name) values ($1, 'in'), ($2, 'out')", await BlobAsync(scenario, "POINT(1 2)", 100_000), await BlobAsync(scenario, "POINT Z (1 2 3)", 100_000));

        var result = await scenario.MigrateAsync(new() { Jobs = 2, DataOnly = true, Include = ["place"], Misfits = MisfitPolicy.Quarantine });

        Assert.Equal(("in", 1L), (await scenario.AskAsync<string>("select string_agg(name, ',') from place where st_astext(geom) = 'POINT(1 2)'"), await scenario.AskAsync<long>("select count(*) from godwit.quarantine")));
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
    }

    [Fact]
    public async Task Changes_are_followed_and_come_back_with_the_spatial_index()
    {
        await using var scenario = await CreateAsync("pragma journal_mode = wal;" + Bookkeeping);
        for (var i = 1; i <= 5; i++)
        {
            Write(scenario, "insert into place (geom, name) values ($1, $2)", await BlobAsync(scenario, $"POINT({i} 2)", 4326), $"p{i}");
            Write(scenario, "insert into rtree_place_geom values ($1, $2, $2, 2, 2)", i, i);
        }
        var options = new MigrationOptions { Jobs = 2, Follow = true };
        await scenario.MigrateAsync(options);
        Write(scenario, "update place set geom = $1 where fid = 1", await BlobAsync(scenario, "LINESTRING(0 0, 1 1)", 4326));

        var forward = await SwitchAsync(scenario, options, back: false);
        Assert.Equal(Verdict.Equal, forward.Verification!.Verdict);
        Assert.Equal("LINESTRING(0 0,1 1)", await scenario.AskAsync<string>("select st_astext(geom) from place where fid = 1"));

        await scenario.DoAsync("insert into place (geom, name) values (st_setsrid(st_makeline(st_makepoint(10, 20), st_makepoint(30, 40)), 4326), 'new'); update place set geom = st_setsrid(st_makepoint(7, 8), 4326) where fid = 2; delete from place where fid = 3; update place set geom = null where fid = 4");
        var back = await SwitchAsync(scenario, options, back: true);

        Assert.Equal(Verdict.Equal, back.Verification!.Verdict);
        // As PostGIS writes it, in the file's own header: no box, which is what its other values have.
        Assert.Equal(Convert.ToHexString(await BlobAsync(scenario, "LINESTRING(10 20, 30 40)", 4326)), scenario.AskSource("select hex(geom) from place where name = 'new'"));
        Assert.Equal("1:1.0-1.0 2:7.0-7.0 5:5.0-5.0 6:10.0-30.0", scenario.AskSource("select group_concat(id || ':' || minx || '-' || maxx, ' ') from (select * from rtree_place_geom order by id)"));
    }

    private static async Task<CutoverResult> SwitchAsync(Scenario scenario, MigrationOptions options, bool back)
    {
        await using var source = await EngineRegistry.OpenAsync(scenario.File, Scenario.Token);
        await using var target = await scenario.Database.OpenTargetAsync(5);
        var how = new SwitchOptions(null, [], null, VerifyMode.Full);
        var cutting = new CuttingOver(TimeProvider.System);
        return back ? await cutting.RollbackAsync(source, target, options, how, _ => { }, Scenario.Token) : await cutting.CutoverAsync(source, target, options, how, _ => { }, Scenario.Token);
    }
}
