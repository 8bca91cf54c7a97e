using Godwit.Schema;
using Godwit.TypeMapping;
using Xunit;
using static Godwit.Tests.TypeMapping.Values;

namespace Godwit.Tests.TypeMapping;

public class TypeMapperTests
{
    private static readonly byte[] Blob = [1, 2];

    private static void Is(TypeChoice choice, string type, CellEncoding encoding, params string[] codes)
    {
        Assert.Equal(type, choice.PgType);
        Assert.Equal(encoding, choice.Encoding.Kind);
        Assert.Equal(codes, Codes(choice));
        Assert.Equal(0, choice.Misfits);
        Assert.True(choice.Encoding.Proven);
        Assert.NotEmpty(choice.Why);
    }

    [Theory]
    [InlineData("INTEGER", "bigint")]
    [InlineData("BIGINT", "bigint")]
    [InlineData("UNSIGNED BIG INT", "bigint")]
    [InlineData("BIGINT UNSIGNED", "bigint")]
    [InlineData("INTEGER(10)", "integer")]
    [InlineData("INT", "integer")]
    [InlineData("INT(11) UNSIGNED", "integer")]
    [InlineData("MEDIUMINT", "integer")]
    [InlineData("SMALLINT", "smallint")]
    [InlineData("TINYINT", "smallint")]
    [InlineData("YEAR", "smallint")]
    [InlineData("REAL", "double precision")]
    [InlineData("FLOAT(24)", "double precision")]
    [InlineData("DOUBLE PRECISION", "double precision")]
    [InlineData("DECIMAL", "numeric")]
    [InlineData("MONEY", "numeric")]
    [InlineData("NUMBER(10)", "numeric(10,0)")]
    [InlineData("decimal(10, 2)", "numeric(10,2)")]
    [InlineData("DECIMAL(2,5)", "numeric")]
    [InlineData("BOOL", "boolean")]
    [InlineData("DATE", "date")]
    [InlineData("DATETIME(6)", "timestamp")]
    [InlineData("TIMESTAMP WITH TIME ZONE", "timestamptz")]
    [InlineData("TIMESTAMP(3) WITH TIME ZONE", "timestamptz")]
    [InlineData("TIME", "time")]
    [InlineData("JSON", "jsonb")]
    [InlineData("GUID", "uuid")]
    [InlineData("VARCHAR(255) CHARACTER SET utf8", "varchar(255)")]
    [InlineData("CHARACTER VARYING(7)", "varchar(7)")]
    [InlineData("NATIVE CHARACTER(70)", "varchar(70)")]
    [InlineData("VARCHAR", "text")]
    [InlineData("VARCHAR(0)", "text")]
    [InlineData("VARCHAR(10485761)", "text")]
    [InlineData("LONGTEXT", "text")]
    [InlineData("ENUM", "text")]
    [InlineData("MEDIUMBLOB", "bytea")]
    [InlineData("", "text")]
    public void An_empty_column_takes_the_type_of_its_name(string declared, string type)
    {
        var choice = Choose(declared, Null, Null);
        Assert.Equal(type, choice.PgType);
        Assert.Empty(choice.Findings);
    }

    [Theory]
    [InlineData("POINT", "bigint")]
    [InlineData("CHARINT_X", "bigint")]
    [InlineData("MYTEXT", "text")]
    [InlineData("BLOBBY", "bytea")]
    [InlineData("FLOATY", "double precision")]
    [InlineData("HSTORE", "numeric")]
    public void An_unknown_type_is_a_finding_and_follows_affinity(string declared, string type)
    {
        var choice = Choose(declared);
        Assert.Equal(type, choice.PgType);
        Assert.Equal(["type-unknown"], Codes(choice));
    }

    [Fact]
    public void An_unknown_type_follows_its_values()
    {
        Is(Choose("GEOMETRY", 1L), "bigint", CellEncoding.Int8, "type-unknown");
        Is(Choose("FLOATING POINT", 1L, 2.5), "double precision", CellEncoding.Float8, "type-unknown");
        Is(Choose("CHARINT", "txt"), "text", CellEncoding.Text, "type-unknown");
    }

    [Fact]
    public void Without_a_type_the_values_decide()
    {
        Is(Choose("", 1L), "bigint", CellEncoding.Int8);
        Is(Choose("ANY", 1.5), "double precision", CellEncoding.Float8);
        Is(Choose("NONE", "x"), "text", CellEncoding.Text);
        Is(Choose("", Blob), "bytea", CellEncoding.Bytea);
        Is(Choose("", 1L, "1"), "text", CellEncoding.Text, "widened");
        Assert.Equal(Fidelity.Lossy, Choose("", 1L, "1").Fidelity);
        Is(Choose("", null, 1L, "1", 1.0, Blob), "bytea", CellEncoding.Bytea, "blob-values");
    }

    [Fact]
    public void Integers_take_the_named_width_or_the_next_wider()
    {
        Is(Choose("INT", 2147483647L, -2147483648L), "integer", CellEncoding.Int4);
        Is(Choose("INT", 2147483648L), "bigint", CellEncoding.Int8, "integer-widened");
        Is(Choose("SMALLINT", 32767L), "smallint", CellEncoding.Int2);
        Is(Choose("SMALLINT", 32768L), "integer", CellEncoding.Int4, "integer-widened");
        Is(Choose("TINYINT", long.MaxValue), "bigint", CellEncoding.Int8, "integer-widened");
        Assert.Equal(0, ChooseKeeping("INT", 2147483648L).Misfits);
        Assert.Equal("bigint", ChooseKeeping("INT", 2147483648L).PgType);
    }

    [Fact]
    public void A_row_key_is_bigint_unless_a_cast_says_otherwise()
    {
        var key = Column("INT", rowKey: true);
        Assert.Equal("bigint", TypeMapper.Choose("t", key, Profile("INT", 1L), TypeOptions.Default).PgType);
        var cast = new TypeOptions([new TypeCast("t.c", "int4")], false, (_, _) => true);
        Assert.Equal("integer", TypeMapper.Choose("t", key, Profile("INT", 1L), cast).PgType);
    }

    [Fact]
    public void Odd_values_widen_an_integer_column_without_loss()
    {
        Is(Choose("INTEGER", 1L, 1.5), "double precision", CellEncoding.Float8, "widened");
        Is(Choose("INTEGER", (1L << 53) + 1, 1.5), "numeric", CellEncoding.Numeric, "widened");
        Is(Choose("INTEGER", 1L, "abc"), "text", CellEncoding.Text, "widened");
        Is(Choose("INTEGER", 1L, "abc", Blob), "bytea", CellEncoding.Bytea, "blob-values", "widened");
        Is(Choose("INTEGER", 1L, "a\0b"), "bytea", CellEncoding.Bytea, "nul-in-text", "widened");
        Is(Choose("INTEGER", 1L, new RawText([0xff])), "bytea", CellEncoding.Bytea, "invalid-utf8", "widened");
    }

    [Fact]
    public void A_finding_names_the_rows()
    {
        var finding = Assert.Single(Choose("INTEGER", 1L, "a", 2L, "b", "c", "d", "e", "f").Findings);
        Assert.Equal("t.c", finding.Subject);
        Assert.Equal(Severity.Warning, finding.Severity);
        Assert.Contains("2, 4, 5, 6, 7, ...", finding.Problem, StringComparison.Ordinal);
        Assert.Contains("--on-misfit quarantine", finding.Hint!, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_widening_is_not_allowed_the_natural_type_stays()
    {
        var choice = ChooseKeeping("INTEGER", 1L, "abc", 1.5);
        Assert.Equal("bigint", choice.PgType);
        Assert.Equal(2, choice.Misfits);
        Assert.False(choice.Encoding.Proven);
        Assert.Equal(["widened", "widened"], Codes(choice));
        Assert.Equal(2, Encode(choice.Encoding, 1L, "abc", 1.5).Count(m => m == Misfit.NotAnInteger));
        Assert.Equal(("varchar(2)", 1), (ChooseKeeping("VARCHAR(2)", "abc", "ab").PgType, (int)ChooseKeeping("VARCHAR(2)", "abc", "ab").Misfits));
        Assert.Equal(("date", 2), (ChooseKeeping("DATE", "2020-01-01", "", "now").PgType, (int)ChooseKeeping("DATE", "2020-01-01", "", "now").Misfits));
        Assert.Equal(("jsonb", 2), (ChooseKeeping("JSON", "{}", "x", "{\"a\":1,\"a\":2}").PgType, (int)ChooseKeeping("JSON", "{}", "x", "{\"a\":1,\"a\":2}").Misfits));
        Assert.Equal(("numeric(4,1)", 1), (ChooseKeeping("DECIMAL(4,1)", 1.25, 1L).PgType, (int)ChooseKeeping("DECIMAL(4,1)", 1.25, 1L).Misfits));
        Assert.Equal(("boolean", 1), (ChooseKeeping("BOOL", 2L, 1L).PgType, (int)ChooseKeeping("BOOL", 2L, 1L).Misfits));
        Assert.Equal(("text", 2), (ChooseKeeping("TEXT", "a\0", new RawText([0x80]), "ok").PgType, (int)ChooseKeeping("TEXT", "a\0", new RawText([0x80]), "ok").Misfits));
    }

    [Fact]
    public void Booleans_are_bits_or_words()
    {
        Is(Choose("BOOLEAN", 0L, 1L, null), "boolean", CellEncoding.Bool);
        Is(Choose("BOOLEAN", "true", "F", "Yes", "off", "1", 1L, 0L), "boolean", CellEncoding.Bool);
        Is(Choose("BOOLEAN", 0L, 2L), "smallint", CellEncoding.Int2, "boolean-not-two-valued");
        Is(Choose("BOOLEAN", 0L, 70000L), "integer", CellEncoding.Int4, "boolean-not-two-valued");
        Is(Choose("BOOLEAN", 0L, "perhaps"), "text", CellEncoding.Text, "boolean-not-two-valued");
        Is(Choose("BOOLEAN", 0L, ""), "text", CellEncoding.Text, "boolean-not-two-valued");
        Is(Choose("TINYINT(1)", 0L, 1L), "smallint", CellEncoding.Int2, "maybe-boolean");
        Is(Choose("BIT(1)", 0L, 2L), "smallint", CellEncoding.Int2);
    }

    [Fact]
    public void Text_keeps_its_length_where_it_fits_in_characters()
    {
        Is(Choose("VARCHAR(3)", "日本語"), "varchar(3)", CellEncoding.Text);
        Assert.Equal(3, Choose("VARCHAR(3)", "日本語").Encoding.Length);
        Is(Choose("VARCHAR(3)", "日本語x"), "text", CellEncoding.Text, "varchar-too-long");
        Is(Choose("TEXT", "x", 5L), "text", CellEncoding.Text);
        Is(Choose("TEXT", "x", Blob), "bytea", CellEncoding.Bytea, "blob-values");
        Is(Choose("TEXT", "x\0"), "bytea", CellEncoding.Bytea, "nul-in-text");
        Is(Choose("VARCHAR(1)", "xx", new RawText([0xc3, 0x28])), "bytea", CellEncoding.Bytea, "invalid-utf8", "varchar-too-long");
    }

    [Fact]
    public void Blobs_are_bytea_and_text_alone_is_text()
    {
        Is(Choose("BLOB", Blob), "bytea", CellEncoding.Bytea);
        Is(Choose("BLOB", "x"), "text", CellEncoding.Text, "text-in-blob");
        Is(Choose("BLOB", "x", Blob), "bytea", CellEncoding.Bytea, "text-in-blob");
        Is(Choose("IMAGE", 1L), "bigint", CellEncoding.Int8, "widened");
    }

    [Fact]
    public void Decimals_are_never_rounded()
    {
        Is(Choose("DECIMAL(10,2)", 12.34, 5L, -99999999.99, 0.1), "numeric(10,2)", CellEncoding.Numeric);
        Is(Choose("DECIMAL(10,2)", 12.345), "numeric", CellEncoding.Numeric, "numeric-would-round");
        Is(Choose("DECIMAL(4,2)", 100L), "numeric", CellEncoding.Numeric, "numeric-would-round");
        Is(Choose("DECIMAL(4,2)", double.PositiveInfinity), "numeric", CellEncoding.Numeric, "numeric-would-round");
        Is(Choose("DECIMAL(40,20)", 1e-20), "numeric(40,20)", CellEncoding.Numeric);
        Is(Choose("DECIMAL(40,20)", 1.5e-20), "numeric", CellEncoding.Numeric, "numeric-would-round");
        Is(Choose("NUMERIC", double.NegativeInfinity, 1.5), "numeric", CellEncoding.Numeric);
        Is(Choose("NUMERIC", "12.50"), "numeric", CellEncoding.Numeric);
        Is(Choose("NUMERIC", "$5", 1L), "text", CellEncoding.Text, "widened");
        Is(Choose("NUMERIC", "007"), "text", CellEncoding.Text, "widened");
        Is(Choose("REAL", -0.0, 5e-324, double.PositiveInfinity), "double precision", CellEncoding.Float8);
        Is(Choose("REAL", 1.5, ""), "text", CellEncoding.Text, "widened");
    }

    [Fact]
    public void Uuids_must_be_canonical()
    {
        const string Canonical = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
        Is(Choose("UUID", Canonical, null), "uuid", CellEncoding.Uuid);
        Is(Choose("UUID", Canonical, Canonical.ToUpperInvariant()), "text", CellEncoding.Text, "uuid-not-canonical");
        Is(Choose("UNIQUEIDENTIFIER", new byte[16]), "bytea", CellEncoding.Bytea, "uuid-as-bytea");
        Is(Choose("UUID", ""), "text", CellEncoding.Text, "uuid-not-canonical");
        Is(Cast("TEXT", "uuid", Canonical.ToUpperInvariant(), "{" + Canonical + "}", new byte[16]), "uuid", CellEncoding.Uuid);
    }

    [Fact]
    public void Json_is_jsonb_where_jsonb_keeps_all_of_it()
    {
        Is(Choose("JSON", "{\"a\":[1]}", 5L, 1.5, null), "jsonb", CellEncoding.Jsonb);
        Is(Choose("JSON", "{\"a\":1,\"a\":2}"), "json", CellEncoding.Json, "json-kept-as-json");
        Is(Choose("JSON", "[\"\\u0000\"]", "{\"a\":1,\"\\u0061\":2}"), "json", CellEncoding.Json, "json-kept-as-json", "json-kept-as-json");
        Is(Choose("JSON", "{}", ""), "text", CellEncoding.Text, "json-invalid");
        Is(Choose("JSON", "{}", double.PositiveInfinity), "text", CellEncoding.Text, "json-invalid");
        Is(Choose("JSONB", Blob), "bytea", CellEncoding.Bytea, "blob-values");
        var asText = TypeOptions.Default with { JsonAsText = true };
        Assert.Equal("json", TypeMapper.Choose("t", Column("JSON"), Profile("JSON", "{}"), asText).PgType);
    }
}
