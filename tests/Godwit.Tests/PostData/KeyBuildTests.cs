using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.PostData;
using Godwit.Schema;
using Xunit;

namespace Godwit.Tests.PostData;

/// <summary>Keys of large tables: which have their index built ahead, and by which statements.</summary>
public class KeyBuildTests
{
    [Theory]
    [InlineData("ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (id);",
        "CREATE UNIQUE INDEX t_pkey ON public.t USING btree (id)", "ALTER TABLE public.t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey")]
    [InlineData("ALTER TABLE public.t\n    ADD CONSTRAINT t_a_b_key UNIQUE (a, b)",
        "CREATE UNIQUE INDEX t_a_b_key ON public.t USING btree (a, b)", "ALTER TABLE public.t ADD CONSTRAINT t_a_b_key UNIQUE USING INDEX t_a_b_key")]
    [InlineData("ALTER TABLE ONLY \"My (own)\".\"a.\"\"b\"\n    ADD CONSTRAINT \"k (1)\" UNIQUE NULLS NOT DISTINCT (\"x)y\", \"Z\") INCLUDE (c, d) WITH (fillfactor='70')",
        "CREATE UNIQUE INDEX \"k (1)\" ON \"My (own)\".\"a.\"\"b\" USING btree (\"x)y\", \"Z\") INCLUDE (c, d) NULLS NOT DISTINCT WITH (fillfactor='70')",
        "ALTER TABLE \"My (own)\".\"a.\"\"b\" ADD CONSTRAINT \"k (1)\" UNIQUE USING INDEX \"k (1)\"")]
    public void The_index_of_a_key_has_its_name_and_all_that_it_says(string sql, string build, string adopt)
    {
        var made = KeyBuild.Of(Key("SET LOCAL search_path = public;\nSET LOCAL default_tablespace = 'fast';\n" + sql))!;

        const string Settings = "SET LOCAL search_path = public;\nSET LOCAL default_tablespace = 'fast';\n";
        Assert.Equal((Settings + build, Settings + adopt), (made.Build.Sql, made.Adopt));
        Assert.Equal(("build key", StepKind.Index, "t", "the key"), (made.Build.Id, made.Build.Kind, made.Build.Table, made.Build.Subject));
    }

    [Theory]
    [InlineData("ALTER TABLE ONLY public.t\n    ADD CONSTRAINT k UNIQUE (a) DEFERRABLE INITIALLY DEFERRED")]
    [InlineData("ALTER TABLE ONLY public.t\n    ADD CONSTRAINT k EXCLUDE USING gist (a WITH =)")]
    [InlineData("ALTER TABLE ONLY public.t\n    ADD CONSTRAINT k PRIMARY KEY (a, valid WITHOUT OVERLAPS)")]
    [InlineData("ALTER TABLE ONLY public.t\n    ADD CONSTRAINT k PRIMARY KEY (a);\nALTER TABLE public.t CLUSTER ON k")]
    [InlineData("ALTER TABLE public.t ADD CONSTRAINT k PRIMARY KEY USING INDEX k")]
    [InlineData("")]
    public void What_an_index_alone_does_not_say_stays_as_it_is(string sql) => Assert.Null(KeyBuild.Of(Key(sql)));

    [Fact]
    public void Only_keys_of_large_tables_that_have_another_index_are_built_ahead()
    {
        SqlStep[] steps = [Of("large"), Index("large"), Of("small"), Index("small"), Of("lonely")];
        var plan = new MigrationPlan
        {
            Source = "s", SourcePosition = "1", TargetSchema = "public", LoadSchema = "l", InPlace = true, PreData = [new("o", StepKind.Object, "o", "", "")],
            Tables = [Table("large", 16 << 20), Table("small", (16 << 20) - 1), Table("lonely", 1L << 40)],
        };

        Assert.Equal(["key large"], KeyBuild.Of([.. steps], plan).Keys);
        // The rows of others are in tables that were there before, and their indexes too.
        Assert.Empty(KeyBuild.Of([.. steps], plan with { PreData = [] }));
        Assert.Empty(KeyBuild.Of([.. steps], plan with { InPlace = false }));

        static SqlStep Of(string table) => new($"key {table}", StepKind.Constraint, table, $"ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT k PRIMARY KEY (id);", "") { Table = table };
        static SqlStep Index(string table) => new($"index {table}", StepKind.Index, table, $"CREATE INDEX i ON public.{table} USING btree (a)", "") { Table = table };
        static TablePlan Table(string name, long bytes) => new() { Source = name, Load = new("public", name), Target = new("public", name), Columns = [], Bytes = bytes };
    }

    private static SqlStep Key(string sql) => new("key", StepKind.Constraint, "the key", sql, "") { Table = "t" };
}
