using Godwit.Verify.Pairs;
using Xunit;

namespace Godwit.Tests.Verify;

/// <summary>Left what PostgreSQL prints of an expression, right what it prints when it has read that.</summary>
public class PrintedFormTests
{
    [Theory]
    [InlineData("((v)::text = ANY ((ARRAY['a'::character varying, 'b,]'::character varying])::text[]))", "((v)::text = ANY (ARRAY[('a'::character varying)::text, ('b,]'::character varying)::text]))")]
    [InlineData("v::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])", "v::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text])")]
    [InlineData("(ARRAY[ARRAY[1, n], ARRAY[(2 + 1), f(3, 4)]])::numeric(10,2)[]", "ARRAY[ARRAY[(1)::numeric(10,2), (n)::numeric(10,2)], ARRAY[((2 + 1))::numeric(10,2), (f(3, 4))::numeric(10,2)]]")]
    [InlineData("(ARRAY[x[1], (ARRAY['it''s ['::text])::\"S t\".\"U\"\"V\"[]])::timestamp(3) with time zone[]", "ARRAY[(x[1])::timestamp(3) with time zone, (ARRAY[('it''s ['::text)::\"S t\".\"U\"\"V\"])::timestamp(3) with time zone]")]
    public void A_cast_of_an_array_is_one_of_its_elements(string printed, string read)
    {
        Assert.Equal(read, PrintedForm.ReadBack(printed));
        Assert.Equal(read, PrintedForm.ReadBack(read));
    }

    [Theory]
    [InlineData("x = ANY (ARRAY[1, 2])")]
    [InlineData("'(ARRAY[1])::int[]'::text || \"(ARRAY[1])::int[]\" || \"MyARRAY[\"")]
    [InlineData("(ARRAY['a'::text])::citext")]
    [InlineData("ARRAY['open")]
    public void Anything_else_stays(string printed) => Assert.Equal(printed, PrintedForm.ReadBack(printed));
}
