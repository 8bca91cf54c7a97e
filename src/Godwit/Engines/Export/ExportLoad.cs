using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Engines.Export;

/// <summary>A folder of row exports into a database that has the schema and no rows. Everything or nothing is loaded of each file.</summary>
internal sealed class ExportLoad(NpgsqlConnectionStringBuilder settings)
{
    private const string Tables = """
        select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull or t.typnotnull, a.attgenerated <> '', t.typcategory = 'S' or coalesce(b.typname, t.typname) in ('tsvector', 'tsquery', 'hstore', 'ltree', 'xml', 'char', 'varbit', 'int2vector', 'oidvector'), a.atttypid::text,
          exists (select from pg_opclass o join pg_am m on m.oid = o.opcmethod where m.amname = 'btree' and o.opcdefault and o.opcintype in (a.atttypid, t.typbasetype)) or t.typcategory in ('A', 'E', 'S'),
          coalesce((select array_position(i.indkey::int2[], a.attnum) + 0 from pg_index i where i.indrelid = c.oid and i.indisprimary), -1)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype
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

    /// <summary>What the schema says of its tables; nothing is read into them. Those that an extension fills itself are not among them.</summary>
    public async Task<IReadOnlyList<ExportTable>> TablesAsync(CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(ct);
        var tables = await TablesAsync(connection, ct);
        var filled = await FilledAsync(connection, tables, ct);
        return [.. tables.Where(t => !filled.Contains(t.Name))];
    }

    public async Task<ImmutableArray<Finding>> RunAsync(string folder, string? schemaFile, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, CommandTimeout = 0, Enlist = false }.ConnectionString);
        await connection.OpenAsync(ct);
        await ExecuteAsync(connection, "set session_replication_role = replica; set search_path = pg_catalog; set datestyle = 'ISO, YMD'; set intervalstyle = postgres; set timezone = 'UTC'; set standard_conforming_strings = on; set xmloption = content; set array_nulls = on", ct);
        var tables = await TablesAsync(connection, ct);
        var filled = await FilledAsync(connection, tables, ct);
        var files = ExportFiles.Match(folder, tables, schemaFile);
        if (files.FirstOrDefault(f => filled.Contains(f.Table.Name)) is { } twice)
            throw new GodwitException(ErrorKind.SourceFatal, "export-schema-has-rows", $"{twice.Name}: an extension fills {twice.Table} itself.", "Move the file out of the folder.");
        var findings = ImmutableArray.CreateBuilder<Finding>();
        foreach (var file in files)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var (rows, found) = file.IsSql ? await new InsertLoad(connection, file).RunAsync(ct) : await new CsvLoad(connection, file).RunAsync(ct);
            await transaction.CommitAsync(ct);
            findings.Add(new("export-read", Severity.Info, file.Table.ToString(), $"{rows:N0} rows are read from {file.Name}."));
            findings.AddRange(found);
        }
        var without = tables.Where(t => files.All(f => f.Table.Name != t.Name) && !filled.Contains(t.Name)).Select(t => t.ToString()).ToList();
        if (without.Count > 0)
            findings.Add(new("export-table-without-file", Severity.Warning, "tables", $"No file holds rows of {string.Join(", ", without.Take(10))}{(without.Count > 10 ? $" and {without.Count - 10} more" : "")}: they stay empty.", "Export them too; --exclude leaves a table out."));
        var set = new List<string>();
        foreach (var sequence in await TextRows.ReadAsync(connection, Sequences, ct))
            if ((await TextRows.ReadAsync(connection, sequence[0]!, ct)).Count > 0) set.Add(sequence[1]!);
        if (set.Count > 0) findings.Add(new("export-sequences", Severity.Info, "sequences", $"An export does not say where sequences stand: the next value comes after the largest of {string.Join(", ", set.Take(10))}{(set.Count > 10 ? $" and {set.Count - 10} more" : "")}."));
        await ExecuteAsync(connection, "analyze", ct);
        return findings.ToImmutable();
    }

    private static async Task<List<ExportTable>> TablesAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var shapes = await ValueShape.ReadAsync(connection, ct);
        await using var command = new NpgsqlCommand(Tables, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var columns = new List<(SqlName Table, ExportColumn Column, int Key)>();
        while (await reader.ReadAsync(ct))
            columns.Add((new(reader.GetString(0), reader.GetString(1)), new(reader.GetString(2), reader.GetString(3), reader.GetBoolean(4), reader.GetBoolean(5), reader.GetBoolean(6), shapes(reader.GetString(7)), reader.GetBoolean(8)), reader.GetInt32(9)));
        return [.. columns.GroupBy(c => c.Table).Select(g => new ExportTable(g.Key, [.. g.Select(c => c.Column)], [.. g.Where(c => c.Key >= 0).OrderBy(c => c.Key).Select(c => c.Column.Name)]))];
    }

    /// <summary>Tables that an extension has filled. Rows that the schema brought along otherwise would mix with those of the files, or take their place.</summary>
    private static async Task<HashSet<SqlName>> FilledAsync(NpgsqlConnection connection, IEnumerable<ExportTable> tables, CancellationToken ct)
    {
        var (own, filled) = (new List<ExportTable>(), new HashSet<SqlName>());
        foreach (var table in tables)
        {
            var said = await TextRows.ReadAsync(connection, $"select exists (select from {table.Name}), exists (select from pg_depend where classid = 'pg_class'::regclass and objid = ($1::text)::regclass and deptype = 'e')", ct, table.Name.ToString());
            if (said[0] is ["t", "t"]) filled.Add(table.Name);
            else if (said[0] is ["t", _]) own.Add(table);
        }
        return own.Count == 0 ? filled
            : throw new GodwitException(ErrorKind.SourceFatal, "export-schema-has-rows", $"The schema brings rows of {string.Join(", ", own.Take(10))}{(own.Count > 10 ? $" and {own.Count - 10} more" : "")} along, which would mix with those of the files.", "A schema without rows: pg_dump --schema-only, supabase db dump. To migrate the rows of a dump: dump:FILE.");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }
}
