using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Engines.Export;

/// <summary>A folder of row exports into a database that has the schema and no rows. Everything or nothing is loaded of each file.</summary>
internal sealed class ExportLoad(NpgsqlConnectionStringBuilder settings)
{
    private const string Tables = """
        select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull or t.typnotnull, a.attgenerated <> '', t.typcategory = 'S', t.typcategory = 'A',
          exists (select from pg_opclass o join pg_am m on m.oid = o.opcmethod where m.amname = 'btree' and o.opcdefault and o.opcintype in (a.atttypid, t.typbasetype)) or t.typcategory in ('A', 'E', 'S'),
          coalesce((select array_position(i.indkey::int2[], a.attnum) + 0 from pg_index i where i.indrelid = c.oid and i.indisprimary), -1)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid
        where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        order by n.nspname, c.relname, a.attnum
        """;

    // Rows bring their own numbers: the next one comes after the largest.
    private const string Sequences = """
        select format('select setval(%L, (select max(%I) from %s)) from %s having max(%I) >= 1', s.oid::regclass, a.attname, d.refobjid::regclass, d.refobjid::regclass, a.attname), d.refobjid::regclass || '.' || quote_ident(a.attname)
        from pg_class s join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
          join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where s.relkind = 'S' and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
        """;

    /// <summary>What the schema says of its tables; nothing is read into them.</summary>
    public async Task<IReadOnlyList<ExportTable>> TablesAsync(CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(ct);
        return await TablesAsync(connection, ct);
    }

    public async Task<ImmutableArray<Finding>> RunAsync(string folder, string? schemaFile, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, CommandTimeout = 0, Enlist = false }.ConnectionString);
        await connection.OpenAsync(ct);
        await ExecuteAsync(connection, "set session_replication_role = replica; set search_path = pg_catalog; set datestyle = 'ISO, YMD'; set intervalstyle = postgres; set timezone = 'UTC'; set standard_conforming_strings = on", ct);
        var tables = await TablesAsync(connection, ct);
        var files = ExportFiles.Match(folder, tables, schemaFile);
        var findings = ImmutableArray.CreateBuilder<Finding>();
        foreach (var file in files)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var (rows, found) = file.IsSql ? await new InsertLoad(connection, file).RunAsync(ct) : await new CsvLoad(connection, file).RunAsync(ct);
            await transaction.CommitAsync(ct);
            findings.Add(new("export-read", Severity.Info, file.Table.ToString(), $"{rows:N0} rows are read from {file.Name}."));
            findings.AddRange(found);
        }
        var without = tables.Where(t => files.All(f => f.Table.Name != t.Name)).Select(t => t.ToString()).ToList();
        if (without.Count > 0)
            findings.Add(new("export-table-without-file", Severity.Warning, "tables", $"No file holds rows of {string.Join(", ", without.Take(10))}{(without.Count > 10 ? $" and {without.Count - 10} more" : "")}: they stay empty.", "Export them too; --exclude leaves a table out."));
        var set = new List<string>();
        foreach (var (sql, column) in await PairsAsync(connection, Sequences, ct))
            if ((await PairsAsync(connection, $"select x::text, '' from ({sql}) as s(x)", ct)).Count > 0) set.Add(column);
        if (set.Count > 0) findings.Add(new("export-sequences", Severity.Info, "sequences", $"An export does not say where sequences stand: the next value comes after the largest of {string.Join(", ", set.Take(10))}{(set.Count > 10 ? $" and {set.Count - 10} more" : "")}."));
        await ExecuteAsync(connection, "analyze", ct);
        return findings.ToImmutable();
    }

    private static async Task<List<ExportTable>> TablesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Tables, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var columns = new List<(SqlName Table, ExportColumn Column, int Key)>();
        while (await reader.ReadAsync(ct))
            columns.Add((new(reader.GetString(0), reader.GetString(1)), new(reader.GetString(2), reader.GetString(3), reader.GetBoolean(4), reader.GetBoolean(5), reader.GetBoolean(6), reader.GetBoolean(7), reader.GetBoolean(8)), reader.GetInt32(9)));
        return [.. columns.GroupBy(c => c.Table).Select(g => new ExportTable(g.Key, [.. g.Select(c => c.Column)], [.. g.Where(c => c.Key >= 0).OrderBy(c => c.Key).Select(c => c.Column.Name)]))];
    }

    private static async Task<List<(string, string)>> PairsAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<(string, string)>();
        while (await reader.ReadAsync(ct)) rows.Add((reader.GetString(0), reader.GetString(1)));
        return rows;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
