using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.Supabase.Rls;

/// <summary>Reads <see cref="RlsFacts"/>; changes nothing.</summary>
public static class RlsInspector
{
    private static readonly string s_relations = EmbeddedSql.Read("Supabase/Rls/Sql/relations.sql");
    private static readonly string s_columns = EmbeddedSql.Read("Supabase/Rls/Sql/columns.sql");
    private static readonly string s_keys = EmbeddedSql.Read("Supabase/Rls/Sql/keys.sql");
    private static readonly string s_surroundings = EmbeddedSql.Read("Supabase/Rls/Sql/surroundings.sql");

    /// <summary>Throws <c>rls-schema-missing</c> where there is no such schema.</summary>
    public static async Task<RlsFacts> ReadAsync(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        try
        {
            var columns = (await ReadAsync(connection, s_columns, schema, r => (Table: r.GetString(0), Column: new RlsColumn(r.GetString(1), r.GetString(2), r.GetBoolean(3), r.GetBoolean(4), r.GetBoolean(5), r.GetBoolean(6))), ct)).ToLookup(x => x.Table, x => x.Column);
            var keys = (await ReadAsync(connection, s_keys, schema, r => (Table: r.GetString(0), Kind: r.GetString(1), Columns: Names(r, 2), Parent: r.GetString(3), ParentColumns: Names(r, 4)), ct)).ToLookup(x => x.Table);
            var relations = await ReadAsync(connection, s_relations, schema, r => new RlsRelation
            {
                Name = new SqlName(schema, r.GetString(0)),
                Kind = r.GetString(1)[0],
                Owner = r.GetString(2),
                OwnerBypasses = r.GetBoolean(3),
                Enabled = r.GetBoolean(4),
                Forced = r.GetBoolean(5),
                IsPartition = r.GetBoolean(6),
                Rows = r.GetInt64(7),
                Policies = Names(r, 8),
                IndexedFirst = Names(r, 9),
                Sequences = Names(r, 10),
                SecurityInvoker = r.GetBoolean(11),
                Columns = [.. columns[r.GetString(0)]],
                PrimaryKey = keys[r.GetString(0)].FirstOrDefault(k => k.Kind == "p").Columns is { IsDefault: false } key ? key : [],
                UniqueKeys = [.. keys[r.GetString(0)].Where(k => k.Kind == "u").Select(k => k.Columns)],
                ForeignKeys = [.. keys[r.GetString(0)].Where(k => k.Kind == "f").Select(k => new RlsForeignKey(k.Columns, k.Parent, k.ParentColumns))],
            }, ct);
            var around = (await ReadAsync(connection, s_surroundings, schema, r => (Roles: Names(r, 0), Uid: r.GetBoolean(1), User: r.GetString(2), Functions: Names(r, 3), Exists: r.GetBoolean(4), Version: r.GetInt32(5)), ct))[0];
            if (!around.Exists) throw new GodwitException(ErrorKind.Usage, "rls-schema-missing", $"There is no schema {schema} in this database.", "name the schema of the application's tables: --schema NAME");
            return new RlsFacts { Schema = schema, Relations = [.. relations], Roles = around.Roles, HasAuthUid = around.Uid, CurrentUser = around.User, DefinerFunctions = around.Functions, VersionNumber = around.Version };
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, $"Reading the schema {schema}");
        }
    }

    private static ImmutableArray<string> Names(NpgsqlDataReader row, int column) => [.. row.GetFieldValue<string[]>(column)];

    private static async Task<List<T>> ReadAsync<T>(NpgsqlConnection connection, string sql, string schema, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = schema });
        await using var rows = await command.ExecuteReaderAsync(ct);
        var values = new List<T>();
        while (await rows.ReadAsync(ct)) values.Add(read(rows));
        return values;
    }
}
