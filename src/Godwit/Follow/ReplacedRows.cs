using Godwit.Schema;

namespace Godwit.Follow;

/// <summary>The SQL of a table whose rows are replaced by the other side's in one transaction: what that changes or removes is kept whole in godwit.repaired. <c>from</c>: as it stands behind FROM.</summary>
internal static class ReplacedRows
{
    /// <summary>For a side that has no journal: the journal's table, without its runs.</summary>
    public const string Place = "create schema if not exists godwit; create table if not exists godwit.repaired (run_id uuid, source_table text not null, row jsonb not null, at timestamptz not null default now())";

    /// <summary>First, before the rows go.</summary>
    public static string Remember(string from) => $"create temporary table godwit_before on commit drop as select to_jsonb(t.*) as row from {from} t";

    /// <summary>When the new rows are there: touches as many rows as are kept.</summary>
    public static string Keep(Guid? run, string source, string from) => $"""
        insert into godwit.repaired (run_id, source_table, row)
        select {(run is { } id ? $"'{id}'::uuid" : "null::uuid")}, {SqlText.Literal(source)}, row from (select row from pg_temp.godwit_before except all select to_jsonb(t.*) from {from} t) gone
        """;

    /// <summary>How many rows are there that were not.</summary>
    public static string Written(string from) => $"select count(*) from (select to_jsonb(t.*) from {from} t except all select row from pg_temp.godwit_before) come";
}
