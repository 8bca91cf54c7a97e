using Godwit.Schema;
using Xunit;

namespace Godwit.Tests.Schema;

public class SqlScriptTests
{
    [Theory]
    [InlineData("select 1; select 2", new[] { "select 1", "select 2" })]
    [InlineData("select ';'; select E'\\';'; select 'it''s;'", new[] { "select ';'", "select E'\\';'", "select 'it''s;'" })]
    [InlineData("create table \"a;\"\"b\" (); x", new[] { "create table \"a;\"\"b\" ()", "x" })]
    [InlineData("do $x$ begin; $y$;$y$; end $x$; y", new[] { "do $x$ begin; $y$;$y$; end $x$", "y" })]
    [InlineData("select $1; select a$b$c; z", new[] { "select $1", "select a$b$c", "z" })]
    [InlineData("select 1 -- a; b\n; /* ; /* ; */ ; */ select 2", new[] { "select 1 -- a; b", "/* ; /* ; */ ; */ select 2" })]
    [InlineData("create rule r as on insert to t do (select 1; select 2); y", new[] { "create rule r as on insert to t do (select 1; select 2)", "y" })]
    [InlineData("create function f() returns int begin atomic select case 1 when 1 then 2 end; select 3; end; y", new[] { "create function f() returns int begin atomic select case 1 when 1 then 2 end; select 3; end", "y" })]
    [InlineData(" ;; -- nothing\n ; ", new string[0])]
    [InlineData("select 'never closed; ", new[] { "select 'never closed;" })]
    public void Statements_end_where_they_end(string sql, string[] expected) => Assert.Equal(expected, SqlScript.Split(sql));

    [Fact]
    public void Names_are_read_without_their_quotes()
    {
        var tokens = SqlScript.Tokens("GRANT SELECT ON TABLE a.b TO \"Odd \"\"Role\"; -- x");
        Assert.Equal("Odd \"Role", SqlScript.NameOf(tokens[^2]));
        Assert.Equal("select", SqlScript.NameOf(tokens[1]));
    }
}
