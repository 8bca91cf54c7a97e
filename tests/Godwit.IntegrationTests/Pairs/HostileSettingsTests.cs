using Godwit.Follow;
using Godwit.IntegrationTests.Follow.Logical;
using Godwit.Schema;
using Godwit.Verify;
using Xunit;

namespace Godwit.IntegrationTests.Pairs;

/// <summary>What a database gives to its sessions (ALTER DATABASE SET), and names of its own that PostgreSQL has too, change nothing of what arrives.</summary>
public sealed class HostileSettingsTests(PostgresFixture postgres)
{
    private static readonly string[] s_settings =
    [
        "search_path = public, pg_catalog", "datestyle = 'German'", "intervalstyle = 'sql_standard'", "bytea_output = 'escape'", "extra_float_digits = -15", "timezone = 'Asia/Kolkata'",
        "standard_conforming_strings = off", "transform_null_equals = on", "quote_all_identifiers = on", "array_nulls = off",
        "lock_timeout = '1ms'", "client_encoding = 'LATIN1'", "enable_seqscan = off", "xmloption = 'document'", "row_security = off",
    ];

    private const string Schema = """
        create table arr (id int primary key, a text[], x xml, i interval, f float8, f4 float4, ts timestamptz, by bytea, d date);
        create domain words as text[]; create table odd (id int primary key, w words, r int4multirange, xs xml[]);
        create table back ("it's \ back" text primary key, v text);
        """;

    private const string Rows = """
        insert into arr values (1, array['NULL', null, 'null', 'é€'], xmlparse(content '<a/><b/>'), '1 year -2 days 3:04:05.000006', 0.1::float8 + 0.2, 1.1, now(), '\x00ff5c', '2024-02-29'), (2, '{}', xmlparse(content 'text'), '-1 mon', 1e-300, 'NaN', 'infinity', '\x5c', '4000-01-01 BC');
        insert into odd values (1, array['NULL', null, E'\\'], '{[1,2),[5,7)}', array[xmlparse(content 'a'), null]), (2, null, '{}', '{}');
        insert into back values (E'a\\b''c', E'\\'), (E'\\x00', 'NULL'), ('', null);
        """;

    // Where a name is looked for in public first, these come before PostgreSQL's own.
    private const string Shadows = """
        create function public.to_jsonb(anyelement) returns jsonb language sql as 'select ''"shadow"''::jsonb';
        create function public.format(text, text) returns text language sql as 'select ''shadow''';
        create function public.quote_ident(text) returns text language sql as 'select ''shadow''';
        create function public.now() returns timestamptz language sql as 'select ''epoch''::timestamptz';
        create function public.alike(text, text) returns bool language sql immutable as 'select true';
        create operator public.= (leftarg = text, rightarg = text, procedure = public.alike);
        """;

    // For what the test itself writes.
    private const string Own = "set search_path = pg_catalog, public; set array_nulls = on; set standard_conforming_strings = on; set lock_timeout = 0; set xmloption = content; ";

    private static async Task SetAsync(TestDatabase database)
    {
        foreach (var setting in s_settings) await database.ExecuteAsync($"alter database {new SqlName(database.Settings.Database)} set {setting}");
    }

    [Fact]
    public async Task A_database_moves_and_is_compared_as_ever()
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Schema + Rows + Shadows);
        await SetAsync(pair.Source);
        await SetAsync(pair.Target);

        var result = await pair.MigrateAsync(new() { Jobs = 2 });

        Assert.Equal(Verdict.Equal, result.Verification!.Verdict);
        Assert.Equal(["t"], await pair.Target.QueryAsync("select a[2] is null and a[1] = 'NULL' and xml_is_well_formed_content(x::text) from arr where id operator(pg_catalog.=) 1"));
    }

    [Theory]
    [InlineData(FollowMethod.Slot)]
    [InlineData(FollowMethod.Triggers)]
    public async Task It_is_followed_switched_and_switched_back_as_ever(FollowMethod method)
    {
        await using var pair = await Pair.CreateAsync(postgres);
        await pair.SourceAsync(Schema + Rows + Shadows);
        await SetAsync(pair.Source);
        await SetAsync(pair.Target);
        var options = new MigrationOptions { Jobs = 2, Follow = true, FollowMethod = method };
        await pair.MigrateAsync(options);
        await pair.SourceAsync(Own + """
            update arr set a = array[null, 'NULL', E'\\"'], x = xmlparse(content '<c/><d/>'), f = f * 3, i = i * 7, by = '\xff00', ts = ts + interval '1 day', d = d - 1;
            insert into arr (id, a, x) values (3, array[null, null], xmlparse(content '&amp;'));
            update odd set w = array[null, 'x'], id = id + 10; update back set "it's \ back" = "it's \ back" || E'\\n', v = null
            """);

        var over = await PairJourneyTests.SwitchAsync(pair, options: options);
        await pair.TargetAsync(Own + """
            update arr set a = array['null', null], x = xmlparse(content '<e/>f'); delete from odd where id = 12; insert into back values (E'new\\', null)
            """);
        var back = await PairJourneyTests.SwitchAsync(pair, back: true, options: options);

        Assert.Equal((Verdict.Equal, Verdict.Equal), (over.Verification!.Verdict, back.Verification!.Verdict));
        Assert.Equal(["{\"null\",NULL} <e/>f"], await pair.Source.QueryAsync("select distinct a::text || ' ' || x::text from arr"));
        Assert.Equal(["4"], await pair.Source.QueryAsync("select count(*) from back"));
    }
}
