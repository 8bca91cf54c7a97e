using Godwit.Schema;
using Godwit.TypeMapping;
using Xunit;
using static Godwit.Tests.TypeMapping.Values;

namespace Godwit.Tests.TypeMapping;

public class CastTests
{
    [Theory]
    [InlineData("DATETIME", "datetime", true)]
    [InlineData("datetime", "DATETIME(6)", true)]
    [InlineData("DATETIME(6)", "DATETIME(6)", true)]
    [InlineData("DATETIME(6)", "DATETIME", false)]
    [InlineData("VARCHAR*", "VARCHAR(5)", true)]
    [InlineData("int", "INT(11) UNSIGNED", true)]
    [InlineData("DECIMAL(10,2)", "decimal(10, 2)", true)]
    [InlineData("t.c", "INT", true)]
    [InlineData("T.C", "INT", true)]
    [InlineData("*.c", "INT", true)]
    [InlineData("t.?", "INT", true)]
    [InlineData("u.*", "INT", false)]
    [InlineData("INT", "BIGINT", false)]
    [InlineData("TEXT", "", false)]
    public void Patterns(string pattern, string declared, bool matches) => Assert.Equal(matches, new TypeCast(pattern, "text").Matches("t", Column(declared)));

    [Fact]
    public void The_first_cast_wins()
    {
        var options = new TypeOptions([new("*.c", "text"), new("INT", "numeric")], false, (_, _) => true);
        Assert.Equal("text", TypeMapper.Choose("t", Column("INT"), Profile("INT", 1L), options).PgType);
    }

    [Theory]
    [InlineData("int4", "integer")]
    [InlineData("Character Varying (30)", "varchar(30)")]
    [InlineData("double", "double precision")]
    [InlineData("decimal(5)", "numeric(5,0)")]
    [InlineData("NUMERIC(5 , 2)", "numeric(5,2)")]
    [InlineData("timestamp without time zone", "timestamp")]
    [InlineData("timestamp with time zone", "timestamptz")]
    [InlineData("timestamp(3) without time zone", "timestamp(3)")]
    [InlineData("time (0)", "time(0)")]
    [InlineData("bool", "boolean")]
    public void Synonyms_are_normalised(string name, string type) => Assert.Equal(type, Cast("TEXT", name).PgType);

    [Theory]
    [InlineData("money")]
    [InlineData("varchar(0)")]
    [InlineData("numeric(2,5)")]
    [InlineData("timestamp(7)")]
    [InlineData("int[]")]
    [InlineData("text; drop table x")]
    [InlineData("")]
    public void Unknown_targets_are_refused(string name)
    {
        var error = Assert.Throws<GodwitException>(() => Cast("TEXT", name));
        Assert.Equal(("cast-type-unsupported", ErrorKind.Usage), (error.Code, error.Kind));
    }

    // Each cast over values of which the last does not fit; the encoder must refuse as many as the choice announces.
    public static TheoryData<string, string, object?[]> Misfitting { get; } = new()
    {
        { "TEXT", "smallint", [5L, "7", 1.0, 40000L] },
        { "TEXT", "integer", ["-5", "05"] },
        { "TEXT", "bigint", ["9223372036854775807", "9223372036854775808"] },
        { "REAL", "bigint", [1e15, 1e19] },
        { "REAL", "integer", [5.0, 2.5] },
        { "TEXT", "double precision", ["1.5", "-0", 1L, "1.00000000000000000001"] },
        { "TEXT", "real", ["1.5", 0.25, 0.1] },
        { "TEXT", "numeric", ["1.50", "+1e5", 1L, 0.1, double.PositiveInfinity, "x"] },
        { "TEXT", "numeric(4,2)", ["1.50", 12L, 0.25, 0.125] },
        { "INTEGER", "boolean", [0L, 1L, "yes", 2L] },
        { "TEXT", "varchar(2)", ["ab", 12L, "日本", "日本語"] },
        { "TEXT", "citext", ["ab", new byte[] { 1 }] },
        { "TEXT", "uuid", ["6F9619FF8B86D011B42D00C04FC964FF", new byte[16], "6f9619ff-8b86-d011-b42d-00c04fc964f"] },
        { "TEXT", "jsonb", ["[1]", "{\"a\":1,\"b\":{\"a\":1}}", 5L, "{\"a\":1,\"a\":1}"] },
        { "TEXT", "json", ["{\"a\":1,\"a\":1}", "['x']"] },
        { "TEXT", "date", ["2020-01-01", "2020-01-01 00:00", "2020-01-01 00:01"] },
        { "TEXT", "time", ["10:11", "10-11"] },
        { "TEXT", "timestamp", ["2020-01-01", "2020-01-01 00:01", "2020-01-01 00:01Z"] },
        { "TEXT", "timestamptz", ["2020-01-01", "2020-01-01 00:01Z", "yesterday"] },
    };

    [Theory, MemberData(nameof(Misfitting))]
    public void Misfits_are_counted_as_the_encoder_refuses_them(string declared, string type, object?[] values)
    {
        var choice = Cast(declared, type, values);
        Assert.Equal(1, choice.Misfits);
        Assert.Contains("cast-misfits", Codes(choice));
        var refused = Encode(choice.Encoding, values);
        Assert.All(refused[..^1], m => Assert.Equal(Misfit.None, m));
        Assert.NotEqual(Misfit.None, refused[^1]);

        var fitting = Cast(declared, type, values[..^1]);
        Assert.Equal((0L, true), (fitting.Misfits, fitting.Encoding.Proven));
        Assert.DoesNotContain("cast-misfits", Codes(fitting));
        Assert.All(Encode(fitting.Encoding, values[..^1]), m => Assert.Equal(Misfit.None, m));
    }

    [Fact]
    public void Numbers_cast_to_a_moment_keep_their_unit()
    {
        Assert.Equal(CellEncoding.EpochMilliseconds, Cast("INTEGER", "timestamptz", 1582982055123L).Encoding.Kind);
        Assert.Equal(("timestamp", CellEncoding.EpochSeconds), (Cast("INTEGER", "timestamp", 1582982055L).PgType, Cast("INTEGER", "timestamp", 1582982055L).Encoding.Kind));
        Assert.Equal(CellEncoding.JulianDate, Cast("REAL", "date", 2458908.5).Encoding.Kind);
        Assert.Equal(2, Cast("INTEGER", "timestamptz", 5L, 6L).Misfits);
    }

    [Fact]
    public void Naive_values_as_timestamptz_are_said() => Assert.Equal(["naive-as-utc"], Codes(Cast("DATETIME", "timestamptz", "2020-01-01 10:00:00")));

    [Fact]
    public void A_foreign_key_adopts_its_parents_type()
    {
        TypeChoice Adopt(params object?[] values) => TypeMapper.ChooseAs("t", Column("TEXT"), Profile("TEXT", values), "bigint", TypeOptions.Default, "references users(id)");
        Assert.Equal(("bigint", 0L), (Adopt("5", "-7").PgType, Adopt("5", "-7").Misfits));
        Assert.Equal(2, Adopt("5", "x", "").Misfits);
    }

    [Fact]
    public void A_type_that_the_profile_did_not_look_at_is_not_proven()
    {
        var choice = TypeMapper.ChooseAs("t", Column("TEXT"), Profile("TEXT", "2020-01-01"), "date", TypeOptions.Default, "x");
        Assert.Equal(["type-not-proven"], Codes(choice));
        Assert.False(choice.Encoding.Proven);
    }
}
