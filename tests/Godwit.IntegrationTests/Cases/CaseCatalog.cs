using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Godwit.Schema;
using Npgsql;

namespace Godwit.IntegrationTests.Cases;

/// <summary>What a database holds, as text that is the same under every version of the server, and short where there is much of the same.</summary>
internal static class CaseCatalog
{
    private const string Relations = """
        select c.relname, c.oid, c.relkind = 'v' from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') order by c.relkind, c.relname collate "C"
        """;

    private const string Columns = """
        select quote_ident(a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod), (select 'collate ' || quote_ident(l.collname) from pg_collation l where l.oid = a.attcollation and l.collname <> 'default'),
          case when a.attnotnull then 'not null' end, case when a.attidentity <> '' then 'identity' end,
          (select 'next ' || (xpath('//n/text()', query_to_xml(format('select case when is_called then last_value + 1 else last_value end as n from %s', s), true, true, '')))[1]::text
            from pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) s where s is not null),
          case when a.attgenerated <> '' then 'generated' when d.oid is not null then 'default' end || ' ' || pg_get_expr(d.adbin, d.adrelid))
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum
        """;

    // NOT NULL is told with the column; PostgreSQL 18 keeps it as a constraint too.
    private const string Others = """
        select t from (
          select 1 as k, conname as n, pg_get_constraintdef(oid) || ' -- ' || quote_ident(conname) as t from pg_constraint where conrelid = $1 and contype in ('p', 'u', 'f', 'c', 'x')
          union all select 2, i.relname, pg_get_indexdef(i.oid) from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = $1 and not exists (select from pg_constraint k where k.conindid = i.oid and k.conrelid = $1 and k.contype in ('p', 'u', 'x'))
          union all select 3, tgname, pg_get_triggerdef(oid) from pg_trigger where tgrelid = $1 and not tgisinternal) a
        order by k, n collate "C"
        """;

    private const string Helpers = """
        select distinct 'godwit_compat.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'godwit_compat' order by 1
        """;

    public static async Task<string> CatalogAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var text = new StringBuilder();
        foreach (var (name, oid, view) in await RelationsAsync(connection, ct))
        {
            text.Append(view ? "view " : "table ").Append(OneLine(SqlName.Quote(name))).Append('\n');
            foreach (var line in Shortened(await RowsAsync(connection, Columns, oid, ct))) text.Append("  ").Append(OneLine(line)).Append('\n');
            if (!view)
                foreach (var row in await RowsAsync(connection, Others, oid, ct)) text.Append("  ").Append(OneLine(row[0]!)).Append('\n');
        }
        foreach (var row in await RowsAsync(connection, Helpers, null, ct)) text.Append("function ").Append(row[0]).Append('\n');
        return text.ToString();
    }

    public static async Task<string> ValuesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await RowsAsync(connection, "set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601'; set bytea_output = 'hex'; set extra_float_digits = 1", null, ct);
        var text = new StringBuilder();
        foreach (var (name, _, view) in await RelationsAsync(connection, ct))
        {
            text.Append(OneLine(SqlName.Quote(name))).Append('\n');
            List<string> rows;
            try { rows = [.. (await RowsAsync(connection, $"select * from public.{SqlName.Quote(name)}{(view ? "" : " order by ctid")}", null, ct)).Select(Cells)]; }
            catch (PostgresException e) when (view) { rows = [$"cannot be read: SQLSTATE {e.SqlState}"]; }
            // A view's rows have no order.
            foreach (var row in view ? rows.Order(StringComparer.Ordinal) : rows.AsEnumerable()) text.Append("  ").Append(row).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>With \n for a line's end, so that a name or a value takes one line.</summary>
    public static string OneLine(string s) => s.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);

    private static string Cells(string?[] row) => row.Length <= 40
        ? string.Join(" | ", row.Select(Cell))
        : $"{string.Join(" | ", row.Take(5).Select(Cell))} | ... {row.Length - 6} values, {Digest(string.Join('|', row.Select(Cell)))} ... | {Cell(row[^1])}";

    private static string Cell(string? value) => value is null ? "NULL" : value.Length > 200 ? $"{OneLine(value[..40])}... {value.Length} characters, {Digest(value)}" : value.Length == 0 ? "''" : OneLine(value);

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];

    // A hundred columns of the same kind are one line.
    private static IEnumerable<string> Shortened(List<string?[]> columns)
    {
        for (var i = 0; i < columns.Count;)
        {
            var end = i + 1;
            while (end < columns.Count && columns[end][1] == columns[i][1]) end++;
            if (end - i < 20) end = i + 1;
            yield return end - i == 1 ? $"{columns[i][0]} {columns[i][1]}" : string.Create(CultureInfo.InvariantCulture, $"{columns[i][0]} ... {columns[end - 1][0]} ({end - i} columns) {columns[i][1]}");
            i = end;
        }
    }

    private static async Task<List<(string Name, long Oid, bool View)>> RelationsAsync(NpgsqlConnection connection, CancellationToken ct) =>
        [.. (await RowsAsync(connection, Relations, null, ct)).Select(r => (r[0]!, long.Parse(r[1]!, CultureInfo.InvariantCulture), r[2] == "t"))];

    private static async Task<List<string?[]>> RowsAsync(NpgsqlConnection connection, string sql, long? oid, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        if (oid is { } relation) command.Parameters.Add(new() { Value = (uint)relation, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<string?[]>();
        while (await reader.ReadAsync(ct))
        {
            var row = new string?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++) row[i] = await reader.IsDBNullAsync(i, ct) ? null : reader.GetString(i);
            rows.Add(row);
        }
        return rows;
    }
}
