using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Journal;

/// <summary>Rows of one table that were set aside for one reason. <paramref name="Keys"/>: the first of them, by their keys, or the beginning of what they hold.</summary>
public sealed record QuarantinedRows(string Table, string Reason, long Rows, ImmutableArray<string> Keys);

/// <summary>Rows that stand in godwit.quarantine because a constraint of the target has no place for them.</summary>
public static class QuarantineJournal
{
    private const int Shown = 5;

    private const string Groups = """
        select source_table, reason, count(*), array_agg(name order by n) filter (where n <= $2)
        from (select source_table, reason, coalesce(key, left(row::text, 120)) as name, row_number() over (partition by source_table, reason order by position) as n from godwit.quarantine where run_id = $1) q
        group by 1, 2 order by 1, 2
        """;

    /// <summary>An insertion up to its SELECT, which goes on with position (of no meaning but an order), key, columns, reason and the whole row. Belongs to the transaction that removes the rows.</summary>
    public static string WriteSql(Guid run, string table) =>
        $"insert into godwit.quarantine (run_id, source_table, position, key, column_name, reason, row) select '{run}'::uuid, {SqlText.Literal(table)}, ";

    public static async Task<ImmutableArray<QuarantinedRows>> ReadAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Groups, connection) { CommandTimeout = 0, Parameters = { new() { Value = run }, new() { Value = Shown } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var groups = ImmutableArray.CreateBuilder<QuarantinedRows>();
        while (await reader.ReadAsync(ct)) groups.Add(new(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), [.. reader.GetFieldValue<string[]>(3)]));
        return groups.ToImmutable();
    }
}
