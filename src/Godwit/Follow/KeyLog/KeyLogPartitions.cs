using System.Globalization;
using Godwit.Follow.Logical;
using Godwit.Schema;
using Godwit.Wire;

namespace Godwit.Follow.KeyLog;

/// <summary>
/// Partitions that come and go while tables are followed by triggers. Attaching one that holds rows, dropping and detaching one writes no row, so that no
/// trigger notes it: the partitions that are known stand in a table of their own, and each look compares.
/// </summary>
internal static class KeyLogPartitions
{
    // By pg_inherits, of which a transaction sees what its snapshot saw.
    private static string There(KeyLogNames names) => $"""
        select t.tab, c.oid as relation, format('%I.%I', n.nspname, c.relname) as name, coalesce((select g.oid from pg_trigger g where g.tgrelid = c.oid and g.tgname = {SqlText.Literal(names.Trigger)}), 0::oid) as trigger
        from (with recursive tree(tab, relation) as (select l.tab, l.relation from {names.Tables} l union all select t.tab, i.inhrelid from tree t join pg_inherits i on i.inhparent = t.relation and not i.inhdetachpending) select * from tree) t
        join pg_class c on c.oid = t.relation and c.relkind = 'r' and c.relispartition join pg_namespace n on n.oid = c.relnamespace
        """;

    public static string Create(KeyLogNames names) => $"create table if not exists {names.Partitions} (relation oid primary key, tab int not null, trigger oid not null, name text not null)";

    /// <summary>Those that are there are known, as of the session's snapshot; what <see cref="Create"/> makes holds them.</summary>
    public static string Read(KeyLogNames names) => $"select coalesce(string_agg(format('(%s,%s,%s,%L)', p.relation, p.tab, p.trigger, p.name), ','), '') from ({There(names)}) p";

    public static string Know(KeyLogNames names, string read) => $"delete from {names.Partitions}; {(read.Length == 0 ? "" : $"insert into {names.Partitions} (relation, tab, trigger, name) values {read}")}";

    /// <summary>Rows of what has changed: "new", "gone" or "again", then the partition, its table's number, the partition's oid and its trigger's.</summary>
    public static string Changes(KeyLogNames names) => $"""
        select case when k.relation is null then 'new' when p.relation is null then 'gone' else 'again' end, coalesce(p.name, k.name), coalesce(p.tab, k.tab)::text, coalesce(p.relation, k.relation)::text, coalesce(p.trigger, 0)::text
        from ({There(names)}) p full join {names.Partitions} k on k.relation = p.relation where p.trigger is distinct from k.trigger
        """;

    /// <summary>
    /// Rows that a new partition brought along are noted as if they had come just now; from then on it is known. One that is gone or was away is an error:
    /// what was in it then nobody noted. <paramref name="unseen"/>: notes that were not given yet.
    /// </summary>
    public static void Settle(WireConnection control, KeyLogNames names, string unseen)
    {
        // In one transaction, which ends with the session where it fails.
        control.Query($"begin; lock table {names.Partitions} in share row exclusive mode");
        foreach (var row in control.Query(Changes(names)))
        {
            var (kind, name, tab, relation, trigger) = (row[0]!, row[1]!, row[2]!, row[3]!, row[4]!);
            if (kind != "new") throw Left(control, names, kind, name, tab, relation, trigger);
            var notes = $"{names.Log} where tab = {tab} and {unseen}";
            // As many as are there, less those that triggers have noted since it was attached.
            control.Query($"""
                insert into {names.Log} (tab, op, key) select {tab}, 'I', p.key from (select {names.Key(int.Parse(tab, CultureInfo.InvariantCulture))}(t.*) as key, count(*) as n from only {name} t group by 1) p
                  left join (select key, count(*) filter (where op = 'I') - count(*) filter (where op = 'D') as n from {notes} and id > coalesce((select max(id) from {notes} and op = 'T'), 0) group by 1) l on l.key = p.key
                  cross join lateral generate_series(1, p.n - coalesce(l.n, 0)) s;
                insert into {names.Partitions} (relation, tab, trigger, name) values ({relation}, {tab}, {trigger}, {SqlText.Literal(name)})
                """);
        }
        control.Query("commit");
    }

    private static GodwitException Left(WireConnection control, KeyLogNames names, string kind, string name, string tab, string relation, string trigger)
    {
        var root = control.Query($"select format('%I.%I', n.nspname, c.relname) from {names.Tables} l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace where l.tab = {tab}")[0][0];
        if (kind == "again")
            return new(ErrorKind.Blocked, TableResolver.SchemaChanged, $"{name} was detached from {root} and attached again: what was written to it meanwhile is not known.",
                $"godwit verify names the rows that differ; bring them in step at the other side. Then run here, and follow: update {names.Partitions} set trigger = {trigger} where relation = {relation};");
        var there = control.Query($"select to_regclass({SqlText.Literal(name)}) is not null and (select oid from pg_class where oid = {relation}) is not null")[0][0] == "t";
        return new(ErrorKind.Blocked, TableResolver.SchemaChanged, $"{name} is no longer a partition of {root}: it was {(there ? "detached" : "dropped, or detached under another name")}. Its rows are still there at the other side.",
            $"Run at the other side: {(there ? $"alter table {root} detach partition {name};" : $"drop table {name}; (or detach it)")} Then here, and follow: delete from {names.Partitions} where relation = {relation};");
    }
}
