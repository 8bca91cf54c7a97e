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

    /// <summary>Settings of the transaction that writes rows there. As verification prints values on both sides (TargetSessions, PairSide): what is written here is read there.</summary>
    public const string Printed = "SET LOCAL search_path = pg_catalog; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1; SET LOCAL intervalstyle = 'iso_8601'; "
        + "SET LOCAL lc_monetary = 'C'; SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content'";

    /// <summary>"id=5" of a row t, by the target's names of its key.</summary>
    public static string KeySql(IReadOnlyCollection<string> key) =>
        key.Count == 0 ? "null" : $"concat_ws(', ', {string.Join(", ", key.Select(k => $"concat({SqlText.Literal(k + "=")}, t.{SqlName.AlwaysQuote(k)})"))})";

    /// <summary>A row t whole, every value as its type prints it: JSON's own numbers know no NaN, and a cast to text might be the user's.</summary>
    public static string RowSql(IEnumerable<string> columns)
    {
        var names = columns.ToList();
        return $"jsonb_object(array[{string.Join(", ", names.Select(SqlText.Literal))}]::text[], array[{string.Join(", ", names.Select(c => $"case num_nulls(t.{SqlName.AlwaysQuote(c)}) when 0 then concat(t.{SqlName.AlwaysQuote(c)}) end"))}]::text[])";
    }

    public static async Task<ImmutableArray<QuarantinedRows>> ReadAsync(NpgsqlConnection connection, Guid run, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Groups, connection) { CommandTimeout = 0, Parameters = { new() { Value = run }, new() { Value = Shown } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var groups = ImmutableArray.CreateBuilder<QuarantinedRows>();
        while (await reader.ReadAsync(ct)) groups.Add(new(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), [.. reader.GetFieldValue<string[]>(3)]));
        return groups.ToImmutable();
    }
}
