using Npgsql;

using Godwit.Schema;

namespace Godwit.Verify;

/// <summary>Rows that the newest run put aside: they are accounted for, and the target does not hold them.</summary>
internal static class Quarantine
{
    public static async Task ReadAsync(NpgsqlConnection connection, IReadOnlyList<ComparedTable> tables, CancellationToken ct)
    {
        if (!await ExistsAsync(connection, "godwit.quarantine", ct)) return;
        object run = DBNull.Value;
        if (await ExistsAsync(connection, "godwit.run", ct))
        {
            await using var newest = new NpgsqlCommand(VerifySql.Read("newest_run"), connection);
            if (await newest.ExecuteScalarAsync(ct) is Guid id) run = id;
        }
        var byName = tables.ToDictionary(t => t.Plan.Source, NameComparer.Instance);
        await using var command = new NpgsqlCommand(VerifySql.Read("quarantine"), connection);
        command.Parameters.Add(new() { Value = run, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            if (byName.TryGetValue(reader.GetString(0), out var table)) table.Quarantined.Add(reader.GetInt64(1));
    }

    private static async Task<bool> ExistsAsync(NpgsqlConnection connection, string name, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select pg_catalog.to_regclass($1) is not null", connection);
        command.Parameters.Add(new() { Value = name });
        return await command.ExecuteScalarAsync(ct) is true;
    }
}
