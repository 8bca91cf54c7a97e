using System.Text;
using System.Text.Json;
using Godwit.Verify;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>Values of every type as PostgreSQL's own row_to_json writes them, which is what a data API answers and a dashboard exports: read back, each prints as it did.</summary>
public sealed class EveryTypeTests(PostgresFixture postgres) : IDisposable
{
    internal const string Schema = """
        CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION citext;
        CREATE TYPE mood AS ENUM ('sad', 'o"k, {}'); CREATE DOMAIN grid AS int[]; CREATE DOMAIN short AS text; CREATE TYPE place AS (street text, no int, "at point" point, tags text[], more jsonb);
        CREATE TYPE trip AS ("from" place, stops place[], felt mood);
        CREATE TABLE every (id int PRIMARY KEY, i2 int2, i8 int8, n numeric, n2 numeric(8, 2), f4 float4, f8 float8, cash money, t text, vc varchar(9), c char(5), ch "char", nm name, raw bytea, d date, ts timestamp, tz timestamptz, tm time, ttz timetz,
          iv interval, b boolean, bt bit(3), vb varbit, ip inet, net cidr, mac macaddr, mac8 macaddr8, u uuid, j json, jb jsonb, x xml, pt point, ln line, sg lseg, bx box, pa path, po polygon, ci circle, tv tsvector, tq tsquery, lsn pg_lsn, jp jsonpath,
          ir int4range, nr numrange, tr tstzrange, dr daterange, mr int4multirange, m mood, sh short, ct citext, lt ltree, h hstore,
          i2v int2vector, ia int[], ia2 int[][], ia3 int[], ta text[], ta2 text[][], na numeric[], fa float8[], ba boolean[], ra bytea[], tza timestamptz[], bxa box[], ja json[], jba jsonb[], ma mood[], ua uuid[], rga tstzrange[], ha hstore[], g grid,
          p place, pp place[], tp trip, tpa trip[]);
        """;

    internal const string Rows = """
        INSERT INTO every VALUES (1, -32768, 9223372036854775807, 12345678901234567890.000000001, -0.10, 'NaN', '-Infinity', '-1234.56', E'q"u,o\\te\r\n\t{}[]\u00e9\U0001F600', '', 'a', 'x', 'nm', '\x00ff5c', 'infinity', '-infinity', 'infinity', '24:00', '00:00:00.123456+05:30',
          '-1 year 2 mons -3 days 04:05:06.7', true, '101', '', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{"a" : 1, "a":2}', 'null', '<a b="c">d &amp; e</a>', '(1.5,-2)', '{1,2,3}',
          '((0,0),(1,1))', '((1,1),(0,0))', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),5>', '''a b'':1A ''q"''', '''a'' & !''b''', '16/B374D848', '$."a"[*] ? (@ > 1)', '[1,5)', '(,1.50]', '[2024-01-01 00:00:00+00,infinity)', 'empty', '{[1,3),[5,9)}', 'o"k, {}', '', 'CaSe', 'a.b_c', '"k\"ey"=>"v, =>\"", b=>NULL, e=>""',
          '1 2 3', '{1,NULL,-3}', '{{1,2},{3,4}}', '{{{1}},{{2}}}', ARRAY['a,b', '', NULL, 'NULL', 'q"\{}', E'n\nl', ' '], '{{a,"b c"},{NULL,"}"}}', '{NaN,1.10,Infinity}', '{NaN,-0,1e-300}', '{t,f,NULL}', '{"\\x00","\\xff5c"}', '{infinity,"2024-01-01 00:00:00.5+00"}',
          '{(1,1),(0,0);(3,3),(2,2)}', ARRAY['{"a" : "b,\"c"}', '"text"', '1']::json[], ARRAY['{"a": [1, "x\\y"]}', '"q\"uote"', '0']::jsonb[], '{"o\"k, {}",NULL}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{"[2024-01-01 00:00:00+00,)",empty}', ARRAY['"a b"=>"c\\\\d"', NULL]::hstore[], '{{1,2}}',
          ROW(E'a "b", \\c', NULL, '(1,2)', ARRAY['x y', NULL, '"'], '{"k": [null, "v"]}'), ARRAY[ROW('', 1, NULL, '{}', '[]')::place, NULL, ROW(NULL, NULL, NULL, NULL, NULL)::place],
          ROW(ROW('s', 2, NULL, ARRAY['a,b'], '"text"')::place, ARRAY[ROW('t\', 3, NULL, NULL, '1')::place], 'o"k, {}'), ARRAY[ROW(NULL, ARRAY[ROW('u"', 4, NULL, ARRAY['deep "er\"'], NULL)::place], NULL)::trip]);
        INSERT INTO every VALUES (2, 0, -9007199254740993, 'NaN', 0, 1e-38, 1e300, '0', '', 'null', '', '', '', '\x', '0044-03-15 BC', '0044-03-15 01:02:03 BC', '0044-03-15 00:00:00+00 BC', '00:00:00.000001', '23:59:59-15:59', '0', false, '000', '1', '::1', '::/0', NULL, NULL, NULL, 'null', '"text"', '', NULL, NULL, NULL, NULL, '((0,0),(1,1))', NULL, NULL, '', '', '0/0', '$', 'empty', 'empty', 'empty',
          '[-infinity,infinity]', '{}', 'sad', NULL, '', '', '', '', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', ROW(NULL, NULL, NULL, NULL, NULL), '{}', ROW(NULL, NULL, NULL), '{}');
        INSERT INTO every VALUES (4, 1, 1, 'Infinity', 1, 'Infinity', '-0', '1', '\N', 'NULL', 'é', 'é', 'é', '\x22', '294276-12-31', '294276-12-31 23:59:59.999999', '2024-06-30 23:59:59.999999+02', '00:00', '00:00+00', '178000000 years', NULL, NULL, NULL, '192.168.1.5', NULL, NULL, NULL, NULL, '[1,  2.50]', '[{"a": null}, 1e400]');
        INSERT INTO every (id) VALUES (3);
        """;

    /// <summary>Of every column, what the values print as.</summary>
    internal static async Task<List<string>> PrintedAsync(TestDatabase database)
    {
        var columns = await database.QueryAsync("SELECT attname FROM pg_attribute WHERE attrelid = 'public.every'::regclass AND attnum > 0");
        Assert.Equal(75, columns.Count);
        var printed = new List<string>();
        foreach (var column in columns) printed.AddRange((await database.QueryAsync($"SELECT id || ' {column}: ' || coalesce(\"{column}\"::text, 'NULL is it') FROM public.every ORDER BY id"))!);
        return printed;
    }

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-test-every-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static string? Environment(string name) => name == "GODWIT_PG_BIN" ? null : System.Environment.GetEnvironmentVariable(name);

    // Text stands as it is, JSON's objects and arrays as JSON, NULL as nothing. A column of JSON holds JSON, whatever it is.
    private static async Task<string> ExportAsync(TestDatabase database)
    {
        var csv = new StringBuilder();
        var rows = new List<string?>();
        rows.AddRange(await database.QueryAsync("SELECT row_to_json(whole)::text FROM every whole ORDER BY id"));
        var isNull = await database.QueryAsync("SELECT id FROM every WHERE jb IS NULL");
        foreach (var row in rows)
        {
            using var json = JsonDocument.Parse(row!);
            var id = json.RootElement.GetProperty("id").GetRawText();
            if (csv.Length == 0) csv.AppendJoin(',', json.RootElement.EnumerateObject().Select(p => p.Name)).Append('\n');
            csv.AppendJoin(',', json.RootElement.EnumerateObject().Select(p =>
                p.Value.ValueKind == JsonValueKind.Null && !(p.Name is "j" or "jb" && !isNull.Contains(id)) ? ""
                : $"\"{(p.Value.ValueKind == JsonValueKind.String && p.Name is not ("j" or "jb") ? p.Value.GetString()! : p.Value.GetRawText()).Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append('\n');
        }
        return csv.ToString();
    }

    [Fact]
    public async Task What_json_says_of_a_row_is_read_as_the_row()
    {
        await using var origin = await postgres.CreateDatabaseAsync();
        await origin.ExecuteAsync(Schema + Rows);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), Schema, Pair.Token);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "every_rows.csv"), await ExportAsync(origin), Pair.Token);
        await using var target = await postgres.CreateDatabaseAsync();
        await using var source = await EngineRegistry.OpenAsync("csv:" + _folder.FullName, Environment, Pair.Token);
        await using var there = await target.OpenTargetAsync();
        var result = await new Migration(TimeProvider.System, NullLogger.Instance).RunAsync(source, there, new MigrationOptions { Jobs = 2 }, null, new Progress<MigrationEvent>(), Pair.Token);
        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(["public.every.ha"], result.Findings.Where(f => f.Code == "export-value-unproven").Select(f => f.Subject));
        Assert.Equal(await PrintedAsync(origin), await PrintedAsync(target));
    }

    [Theory]
    [InlineData("[[1, 2]]", "export-row-refused")]
    [InlineData("[1, [2]]", "export-row-refused")]
    public async Task Lists_in_an_array_of_json_are_not_guessed_at(string cell, string code)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "schema.sql"), "CREATE TABLE t (id int, a jsonb[])", Pair.Token);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "t.csv"), $"id,a\n1,\"{cell}\"\n", Pair.Token);
        var error = await Assert.ThrowsAsync<GodwitException>(() => EngineRegistry.OpenAsync("csv:" + _folder.FullName, Environment, Pair.Token));
        Assert.Equal(code, error.Code);
        Assert.Contains("line 2, column a", error.Problem, StringComparison.Ordinal);
    }
}
