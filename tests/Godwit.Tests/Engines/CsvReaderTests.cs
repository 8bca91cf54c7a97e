using System.Text;
using Godwit.Engines.Export;
using Xunit;

namespace Godwit.Tests.Engines;

public sealed class CsvReaderTests
{
    private static List<string> Read(string text) =>
        [.. new CsvReader(new StringReader(text), "t.csv").Records().Select(r => $"{r.Line}:{string.Join('|', r.Cells.Select(c => c.Quoted ? $"«{c.Text}»" : c.Text))}")];

    [Theory]
    [InlineData("a,b\n1,2\n", "1:a|b", "2:1|2")]
    [InlineData("\ufeffa,b\r\n1,2\r\n", "1:a|b", "2:1|2")]
    [InlineData("a\n\"x,\"\"y\"\"\r\nz\"\nlast", "1:a", "2:«x,\"y\"\r\nz»", "4:last")]
    [InlineData("a,b\n,\"\"\n", "1:a|b", "2:|«»")]
    [InlineData("a\n\n\"\"\n\n", "1:a", "2:", "3:«»", "4:")]
    [InlineData("a,b\n1,2\n\n\r\n", "1:a|b", "2:1|2")]
    [InlineData("a,b\n\n1,2\n", "1:a|b", "2:", "3:1|2")]
    [InlineData("a,b\r1,2\r", "1:a|b", "2:1|2")]
    [InlineData("a,b\n\"{\"\"k\"\":[1,2]}\",\"[\"\"x\"\"]\"", "1:a|b", "2:«{\"k\":[1,2]}»|«[\"x\"]»")]
    [InlineData("")]
    public void Fields_and_the_lines_that_they_begin_on(string text, params string[] expected) => Assert.Equal(expected, Read(text));

    [Theory]
    [InlineData("a\n\"never closed\n1\n", "line 2")]
    [InlineData("a\n\"closed\"x\n", "line 2")]
    public void What_is_cut_off_names_its_line(string text, string line)
    {
        var error = Assert.Throws<GodwitException>(() => Read(text));
        Assert.Equal("export-damaged", error.Code);
        Assert.Contains(line, error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Fields_go_over_the_end_of_a_buffer()
    {
        var value = new string('v', 200_000) + "\"" + new string('\n', 10);
        var text = new StringBuilder("a,b\n");
        for (var i = 0; i < 3; i++) text.Append('"').Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append("\",").Append(i).Append("\r\n");
        var records = new CsvReader(new StringReader(text.ToString()), "t.csv").Records().ToList();
        Assert.Equal([2L, 13, 24], records.Skip(1).Select(r => r.Line));
        Assert.All(records.Skip(1), r => Assert.Equal(value, r.Cells[0].Text));
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_an_error()
    {
        using var reader = new StreamReader(new MemoryStream([(byte)'a', (byte)'\n', 0xe9, (byte)'\n']), new UTF8Encoding(false, throwOnInvalidBytes: true));
        Assert.Equal("export-damaged", Assert.Throws<GodwitException>(() => new CsvReader(reader, "t.csv").Records().ToList()).Code);
    }

    [Theory]
    [InlineData("""["a","b c","q\"\\",null,""]""", """{"a","b c","q\"\\",NULL,""}""")]
    [InlineData("[1,2.50,true]", """{"1","2.50","true"}""")]
    [InlineData("[[1],[2]]", """{{"1"},{"2"}}""")]
    [InlineData("""[{"k":[1]}]""", """{"{\"k\":[1]}"}""")]
    [InlineData("[]", "{}")]
    [InlineData("{a,b}", null)]
    [InlineData("[0:1]={a,b}", null)]
    public void Json_arrays_become_postgresql_s(string json, string? expected) => Assert.Equal(expected, Array(ValueShape.Plain).OfJson(json));

    [Fact]
    public void A_value_becomes_what_its_type_is_made_of()
    {
        var pairs = new ValueShape(ShapeKind.Pairs, [], ',');
        var record = new ValueShape(ShapeKind.Record, [("a b", ValueShape.Plain), ("m", new(ShapeKind.Json, [], ',')), ("h", pairs)], ',');
        Assert.Equal("""("x""\\",,"")""", record.OfJson("""{"h": {}, "a b": "x\"\\"}"""));
        Assert.Equal("""{"(\"1\",\"\"\"text\"\"\",)",NULL}""", Array(record).OfJson("""[{"a b": 1, "m": "text"}, null]"""));
        Assert.Equal(@"""k\""""=>""v"", ""n""=>NULL", pairs.OfJson("""{"k\"": "v", "n": null}"""));
        Assert.Equal("""{"(1,1),(0,0)";"x"}""", new ValueShape(ShapeKind.Array, [("", ValueShape.Plain)], ';').OfJson("""["(1,1),(0,0)", "x"]"""));
        Assert.Throws<FormatException>(() => Array(new(ShapeKind.Json, [], ',')).OfJson("[[1]]"));
        // PostgreSQL's own forms, and those that JSON does not write otherwise.
        Assert.Null(record.OfJson("(1,,)"));
        Assert.Null(pairs.OfJson("\"k\"=>\"v\""));
        Assert.Null(ValueShape.Plain.OfJson("[1]"));
    }

    private static ValueShape Array(ValueShape element) => new(ShapeKind.Array, [("", element)], ',');
}
