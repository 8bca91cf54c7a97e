using System.Globalization;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Follow.KeyLog;

/// <summary>The SQL of what Godwit makes at an origin that is followed by triggers.</summary>
internal static class KeyLogSchema
{
    // How keys are written down must not hang on the settings of who writes: the reader compares them as text. Of the commonest types it does not.
    private const string Forms = " set datestyle = 'ISO' set intervalstyle = 'postgres' set timezone = 'UTC' set extra_float_digits = 3 set bytea_output = 'hex' set lc_monetary = 'C' set xmloption = 'content'";

    // The primary key first, then other unique indexes over plain columns that cannot be NULL.
    private const string Tables = """
        select n.nspname, c.relname, c.oid, c.relkind = 'p',
          coalesce((select array(select a.attname::text from unnest(i.indkey) with ordinality k(attnum, n) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where k.n <= i.indnkeyatts order by k.n)
            from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
              and not exists (select from unnest(i.indkey) with ordinality k(attnum, n) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where k.n <= i.indnkeyatts and (not a.attnotnull or a.attgenerated <> ''))
            order by i.indisprimary desc, i.indexrelid limit 1), '{}'),
          (select count(*) from (select coalesce(p.relid, c.oid) from (select 1) one left join pg_partition_tree(c.oid) p on true) t(oid) join pg_index i on i.indrelid = t.oid and (i.indisunique or i.indisexclusion)
            where not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)) = 1
        from unnest($1::text[], $2::text[]) w(schema, name) join pg_namespace n on n.nspname = w.schema join pg_class c on c.relnamespace = n.oid and c.relname = w.name
        where c.relkind in ('r', 'p') and not c.relispartition order by 1, 2
        """;

    public static async Task<List<LoggedTable>> ReadAsync(NpgsqlConnection connection, IReadOnlyCollection<SqlName> tables, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Tables, connection);
        command.Parameters.Add(new() { Value = tables.Select(t => t.Schema ?? "public").ToArray() });
        command.Parameters.Add(new() { Value = tables.Select(t => t.Name).ToArray() });
        await using var row = await command.ExecuteReaderAsync(ct);
        var logged = new List<LoggedTable>();
        while (await row.ReadAsync(ct))
            logged.Add(new(logged.Count + 1, row.GetFieldValue<uint>(2), new(row.GetString(0), row.GetString(1)), row.GetFieldValue<string[]>(4), row.GetBoolean(3), row.GetBoolean(5)));
        return logged;
    }

    /// <summary>Everything but what belongs to a single table.</summary>
    public static string Create(KeyLogNames names) => $"""
        create schema if not exists godwit;
        create table {names.Log} (id bigint generated always as identity, xid xid8 not null default pg_current_xact_id(), tab int not null, op "char" not null, key text[]) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
        create table {names.Ticks} (id bigint generated always as identity primary key, snapshot pg_snapshot not null, exported text, at timestamptz not null default clock_timestamp());
        create table {names.Tables} (tab int primary key, relation oid not null, key int2[] not null, one_unique bool not null);
        {KeyLogPartitions.Create(names)}
        """;

    /// <summary>What makes one table note its changes. <paramref name="skip"/>: the origin of those that came from the other side.</summary>
    public static async Task<string> ArmAsync(NpgsqlConnection connection, KeyLogNames names, LoggedTable table, string skip, CancellationToken ct)
    {
        await using var types = new NpgsqlCommand("select count(*) from pg_attribute where attrelid = $1 and attname = any ($2) and atttypid not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'uuid'::regtype, 'bool'::regtype, 'numeric'::regtype)", connection);
        types.Parameters.Add(new() { Value = table.Id, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid });
        types.Parameters.Add(new() { Value = table.Key.ToArray() });
        var plain = table.Key.Count > 0 && (long)(await types.ExecuteScalarAsync(ct))! == 0;
        var (number, key, function) = (table.Number.ToString(CultureInfo.InvariantCulture), names.Key(table.Number), names.Function(table.Number));
        var note = $"insert into {names.Log} (tab, op, key) values ({number}";
        var head = $"returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp{(plain ? "" : Forms)} as $godwit$";
        // What came from the other side does not go back there; what another migration's stream brings is news. A follower of a version before does not say whose it is.
        var pass = $"if current_setting('godwit.pass', true) = 'on' and coalesce(current_setting('godwit.origin', true), '') in ('', {SqlText.Literal(skip)}) then return null; end if;";
        var sql = $"""
            insert into {names.Tables} values ({number}, {table.Id}, array(select attnum from unnest({SqlText.Literal(Array(table.Key))}::text[]) with ordinality k(name, n) join pg_attribute a on a.attrelid = {table.Id} and a.attname = k.name order by k.n), {table.OneUnique});
            create function {key} ({table.Name}) returns text[] language sql stable return array[{(table.Key.Count == 0 ? "($1)::text" : string.Join(", ", table.Key.Select(k => $"($1).{SqlName.Quote(k)}::text")))}];
            create function {function} () {head}
            declare was text[]; now text[];
            begin
              {pass}
              if tg_op = 'TRUNCATE' then {note}, 'T', null); return null; end if;
              if tg_op <> 'INSERT' then was := {key}(old); end if;
              if tg_op <> 'DELETE' then now := {key}(new); end if;
              if was = now then
                {(table.Key.Count == 0 ? "" : $"{note}, 'U', now);")}
                return null;
              end if;
              if was is not null then {note}, 'D', was); end if;
              if now is not null then {note}, 'I', now); end if;
              return null;
            end $godwit$;
            create trigger {SqlName.Quote(names.Trigger)} after insert or update or delete on {table.Name} for each row execute function {function}();
            create trigger {SqlName.Quote(names.TruncateTrigger)} after truncate on {table.Name} execute function {function}();
            alter table {table.Name} enable always trigger {SqlName.Quote(names.Trigger)}, enable always trigger {SqlName.Quote(names.TruncateTrigger)};
            """;
        if (!table.Partitioned) return sql;
        // Of a partition that is emptied alone its parent hears nothing.
        sql += $"""
            create function {names.PartitionFunction(table.Number)} () {head}
            begin
              {pass}
              execute format('insert into {names.Log} (tab, op, key) select {number}, ''D'', {key}(t.*) from only %s t', tg_relid::regclass);
              return null;
            end $godwit$;
            """;
        await using var partitions = new NpgsqlCommand(Unarmed(names, $"(select {number}, {table.Id}::oid) l(tab, relation)"), connection);
        return sql + string.Concat((await ListAsync(partitions, ct)).Select(p => Emptied(names, table.Number, p)));
    }

    /// <summary>What makes a partition note that it is emptied alone.</summary>
    public static string Emptied(KeyLogNames names, int table, string partition) => $"""
        create trigger {SqlName.Quote(names.TruncateTrigger)} before truncate on {partition} execute function {names.PartitionFunction(table)}();
        alter table only {partition} enable always trigger {SqlName.Quote(names.TruncateTrigger)};
        """;

    /// <summary>
    /// Partitions that hold rows and have no trigger for TRUNCATE yet, and the numbers of their tables: of those that were made since, the row triggers came
    /// along with the parent's, and this one did not. To a transaction's snapshot: what that sees in other partitions cannot be emptied unnoticed after it.
    /// </summary>
    public static string Unarmed(KeyLogNames names, string? tables = null) => $"""
        select format('%I.%I', n.nspname, c.relname), l.tab::text from {tables ?? $"{names.Tables} l"} join pg_class r on r.oid = l.relation and r.relkind = 'p' cross join pg_partition_tree(l.relation) p
          join pg_class c on c.oid = p.relid and c.relkind = 'r' join pg_namespace n on n.oid = c.relnamespace
        where not exists (select from pg_trigger g where g.tgrelid = c.oid and g.tgname = {SqlText.Literal(names.TruncateTrigger)}) order by 1
        """;

    /// <summary>The tables as they are called now; those that are gone are left out.</summary>
    public static async Task<List<LoggedTable>> LoggedAsync(NpgsqlConnection connection, KeyLogNames names, CancellationToken ct)
    {
        await using (var exists = new NpgsqlCommand($"select to_regclass({SqlText.Literal(names.Tables.ToString())}) is not null", connection))
            if (!(bool)(await exists.ExecuteScalarAsync(ct))!) return [];
        await using var command = new NpgsqlCommand(Logged(names), connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        var tables = new List<LoggedTable>();
        while (await row.ReadAsync(ct)) tables.Add(LoggedTable.Of(row.GetString));
        return tables;
    }

    /// <summary>Rows for <see cref="LoggedTable.Of"/>: number, id, schema, name, whether it is partitioned, whether only the key is unique, names of the key's columns.</summary>
    public static string Logged(KeyLogNames names) => $"""
        select l.tab::text, c.oid::text, n.nspname::text, c.relname::text, (c.relkind = 'p')::text, l.one_unique::text,
          coalesce((select string_agg(a.attname, E'\x01' order by k.n) from unnest(l.key) with ordinality k(attnum, n) join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum and not a.attisdropped), '')
        from {names.Tables} l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace order by l.tab
        """;

    /// <summary>Moments have their numbers in the order of time: the lock is taken before the snapshot.</summary>
    public static string Lock(KeyLogNames names) => $"lock table {names.Ticks} in share row exclusive mode";

    /// <summary>Why changes since the position may be unknown; null where none are.</summary>
    public static async Task<string?> MissingAsync(NpgsqlConnection connection, KeyLogNames names, long applied, CancellationToken ct)
    {
        await using (var exists = new NpgsqlCommand($"select to_regclass({SqlText.Literal(names.Log.ToString())}) is not null and to_regclass({SqlText.Literal(names.Ticks.ToString())}) is not null and to_regclass({SqlText.Literal(names.Tables.ToString())}) is not null", connection))
            if (!(bool)(await exists.ExecuteScalarAsync(ct))!) return $"the record of changes ({names.Log}) is gone";
        await using (var known = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"select exists (select from {names.Ticks} where id = {applied})"), connection))
            if (!(bool)(await known.ExecuteScalarAsync(ct))!) return string.Create(CultureInfo.InvariantCulture, $"the record of changes no longer reaches back to moment {applied}");
        await using var triggers = new NpgsqlCommand($"""
            select c.oid::regclass::text from {names.Tables} l join pg_class c on c.oid = l.relation
            where (select count(*) from pg_trigger g where g.tgrelid = c.oid and g.tgname in ({SqlText.Literal(names.Trigger)}, {SqlText.Literal(names.TruncateTrigger)}) and g.tgenabled = 'A') < 2 order by 1 limit 1
            """, connection);
        return await triggers.ExecuteScalarAsync(ct) is string table ? $"the triggers of {table} that record its changes were taken away or disabled" : null;
    }

    /// <summary>The newest moment, and one more where something is noted that no moment has seen; bytes that are noted and not applied (of at most 100,000 rows), bytes of the whole log.</summary>
    public static string State(KeyLogNames names, long applied) => string.Create(CultureInfo.InvariantCulture, $"""
        select coalesce((select max(id) from {names.Ticks}), 0) + exists (select from {names.Log} l where not pg_visible_in_snapshot(l.xid, (select snapshot from {names.Ticks} order by id desc limit 1)))::int,
          (select coalesce(sum(pg_column_size(c.*)), 0)::bigint from (select * from {names.Log} l where not pg_visible_in_snapshot(l.xid, (select snapshot from {names.Ticks} where id = {applied})) limit 100000) c),
          pg_total_relation_size({SqlText.Literal(names.Log.ToString())})
        """);

    /// <summary>Each trigger's table, and what drops it.</summary>
    public static async Task<List<(string Table, string Sql)>> TriggersAsync(NpgsqlConnection connection, KeyLogNames names, CancellationToken ct)
    {
        await using var triggers = new NpgsqlCommand("select format('%I.%I', n.nspname, c.relname) from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace where g.tgname in ($1, $2) and g.tgparentid = 0 group by 1 order by 1", connection);
        triggers.Parameters.Add(new() { Value = names.Trigger });
        triggers.Parameters.Add(new() { Value = names.TruncateTrigger });
        return [.. (await ListAsync(triggers, ct)).Select(t => (t, $"drop trigger if exists {SqlName.Quote(names.Trigger)} on {t}; drop trigger if exists {SqlName.Quote(names.TruncateTrigger)} on {t}"))];
    }

    /// <summary>Statements that remove all but the triggers, which have to be gone: without its log a table could not be written to.</summary>
    public static async Task<List<string>> DropAsync(NpgsqlConnection connection, KeyLogNames names, CancellationToken ct)
    {
        await using var functions = new NpgsqlCommand("select format('drop function %s', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'godwit' and p.proname ~ $1 order by 1", connection);
        functions.Parameters.Add(new() { Value = $"^(log|key|emptied)_{names.Log.Name["log_".Length..]}_[0-9]+$" });
        return [.. await ListAsync(functions, ct), $"drop table if exists {names.Log}, {names.Ticks}, {names.Tables}, {names.Partitions}"];
    }

    private static string Array(IEnumerable<string> names) => "{" + string.Join(",", names.Select(n => "\"" + n.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"")) + "}";

    private static async Task<List<string>> ListAsync(NpgsqlCommand command, CancellationToken ct)
    {
        var list = new List<string>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct)) list.Add(row.GetString(0));
        return list;
    }
}
