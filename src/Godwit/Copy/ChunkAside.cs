using System.Globalization;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Godwit.Wire;

namespace Godwit.Copy;

/// <summary>
/// Rows of a chunk that a constraint of an existing table refuses, on their way into godwit.quarantine. The chunk comes into a table without constraints and goes on from
/// there in as large parts as the constraints let through, down to single rows. All of it is part of the chunk's transaction: each row is in its table or in quarantine.
/// The chunk's fact counts all of them, as if they had been set aside later (docs/decisions/0010).
/// </summary>
internal sealed class ChunkAside(Guid run) : IDisposable
{
    private const string Staged = "pg_temp.godwit_staged";

    // Where one chunk waits for what another has inserted, and that one for this, the server ends one of them: no two are set aside at a time.
    private readonly SemaphoreSlim _turn = new(1);

    public Task EnterAsync(CancellationToken ct) => _turn.WaitAsync(ct);

    public void Leave() => _turn.Release();

    public void Dispose() => _turn.Dispose();

    /// <summary>Rules, which COPY knows nothing of, would make something else of the rows.</summary>
    public static bool CanTake(WireConnection connection, TablePlan table) =>
        !table.Columns.IsEmpty && connection.Query($"select relhasrules from pg_class where oid = {Text(table.Load.ToString())}::regclass")[0][0] == "f";

    /// <summary>Begins the transaction. Returns the table that takes the chunk's COPY.</summary>
    public static string Begin(WireConnection connection, TablePlan table)
    {
        var columns = connection.Query(EmbeddedSql.Read("Copy/Sql/staged-columns.sql").Replace("$table", Text(table.Load.ToString()), StringComparison.Ordinal))[0][0];
        connection.Query($"begin; set constraints all immediate; create temporary table godwit_staged ({columns}) on commit drop; {Refused}");
        return Staged;
    }

    /// <summary>What the constraints allow goes into the table, what they refuse into quarantine. Returns how many rows that was.</summary>
    public long Complete(WireConnection connection, TablePlan table)
    {
        var insertion = $"insert into {table.Load} ({SqlName.List(table.Columns.Select(c => c.Target))}) overriding system value select {string.Join(", ", table.Columns.Select(c => "t." + SqlName.AlwaysQuote(c.Target)))} from {Staged} t where ";
        connection.Query("do " + Text(EmbeddedSql.Read("Copy/Sql/load-what-fits.sql").Replace("$insertion", Text(insertion), StringComparison.Ordinal).Replace("$staged", Text(Staged), StringComparison.Ordinal).Replace("$table", Text(table.Load.ToString()), StringComparison.Ordinal)));
        var taken = Count(connection, "select current_setting('godwit.taken')");
        var computed = connection.Query($"select attname from pg_attribute where attrelid = {Text(Staged)}::regclass and attnum > 0 and attgenerated <> '' order by attnum").Select(c => c[0]!);
        connection.Query($"""
            {QuarantineJournal.Printed};
            {QuarantineJournal.WriteSql(run, table.Source)} row_number() over (order by r.id), {QuarantineJournal.KeySql(table.Key)}, r.columns, r.reason, {QuarantineJournal.RowSql(table.Columns.Select(c => c.Target).Concat(computed))}
            from {Staged} t join {EmbeddedSql.Read("Copy/Sql/refused-reasons.sql")} on r.id = t.ctid
            """);
        return taken + Count(connection, "select count(*) from pg_temp.godwit_refused");
    }

    /// <summary>A trigger that keeps rows out, say: they would be nowhere.</summary>
    public static GodwitException Miscounted(TablePlan table, long rows) =>
        new(ErrorKind.TargetFatal, "target-rows-miscounted", $"{table.Source}: {rows} rows were to go into their table or into quarantine, and not as many did.", "A trigger of the table may keep rows out: switch it off (ALTER TABLE ... DISABLE TRIGGER USER) and type the same command again.");

    private const string Refused = "create temporary table godwit_refused (id tid primary key, state text, name text, relation text, column_name text, message text) on commit drop";

    private static string Text(string value) => SqlText.Literal(value);

    private static long Count(WireConnection connection, string sql) => long.Parse(connection.Query(sql)[0][0]!, CultureInfo.InvariantCulture);
}
