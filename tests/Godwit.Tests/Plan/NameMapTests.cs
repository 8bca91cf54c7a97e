using System.Text;
using Godwit.Plan;
using Godwit.Schema;
using Xunit;

namespace Godwit.Tests.Plan;

public class NameMapTests
{
    private static Table Table(string name, params string[] columns) =>
        new() { Name = name, Columns = [.. columns.Select(c => new Column { Name = c, DeclaredType = "" })] };

    [Fact]
    public void Names_are_kept_as_they_are_by_default()
    {
        var names = new NameMap(NameStyle.Keep);
        Assert.Equal("Order Details", names.AddTable(Table("Order Details", "OrderID", "select")));
        Assert.Equal("OrderID", names.Column("Order Details", "OrderID"));
        Assert.Empty(names.Findings);
    }

    [Fact]
    public void Folding_lowers_ASCII_only_so_that_tables_SQLite_tells_apart_stay_apart()
    {
        var names = new NameMap(NameStyle.Fold);
        Assert.Equal("Ü_ab", names.AddTable(Table("Ü_AB")));
        Assert.Equal("ü_ab", names.AddTable(Table("ü_AB")));
        Assert.Empty(names.Findings);
    }

    [Fact]
    public void Names_too_long_are_cut_at_a_character_and_stay_distinct()
    {
        var names = new NameMap(NameStyle.Keep);
        var one = names.AddTable(Table(new string('é', 40) + "_one"));
        var two = names.AddTable(Table(new string('é', 40) + "_two"));
        Assert.NotEqual(one, two);
        Assert.All([one, two], n => Assert.InRange(Encoding.UTF8.GetByteCount(n), 50, 63));
        Assert.DoesNotContain('\uFFFD', one);
        Assert.Equal(["name-changed", "name-changed"], names.Findings.Select(f => f.Code));
    }

    [Fact]
    public void Tables_views_and_indexes_share_one_namespace_and_constraints_have_one_for_each_table()
    {
        var names = new NameMap(NameStyle.Keep);
        names.AddTable(Table("a"));
        Assert.Equal("a_2", names.AddIndex("a", "a"));
        Assert.Equal("a_3", names.AddView("a"));
        Assert.Equal("a", names.AddConstraint("a", "a", "a"));
        Assert.Equal("a_2", names.AddConstraint("a", "a", "a"));
        Assert.Equal("a", names.AddConstraint("b", "a", "a"));
    }

    [Theory]
    [InlineData("ctid", "ctid_")]
    [InlineData("", "column")]
    [InlineData("oid", "oid")]
    public void Columns_that_PostgreSQL_keeps_for_itself_or_cannot_name_get_another(string source, string expected)
    {
        var names = new NameMap(NameStyle.Keep);
        names.AddTable(Table("t", source));
        Assert.Equal(expected, names.Column("t", source));
        Assert.Equal(source != expected, names.Findings.Any(f => f.Subject == $"t.{source}"));
    }
}
