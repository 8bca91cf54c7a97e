using System.Collections.Immutable;
using Godwit.Schema;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>
/// A column of the stream at the side where it is applied. <paramref name="Array"/>: the number of its type's array type, 0 where values go as text and are
/// cast (arrays of arrays do not exist, and composite values would be spread). <paramref name="TypeName"/> is quoted.
/// </summary>
internal sealed record AppliedColumn(string Name, uint Type, uint Array, string TypeName, bool IdentityAlways)
{
    public const uint TextArray = 1009;
    public uint Parameter => Array == 0 ? TextArray : Array;
    public string Quoted => SqlName.Quote(Name);
    public string Read(string alias) => Array == 0 ? $"{alias}::{TypeName}" : alias;
}

/// <summary>
/// Where a table of the stream is applied, and the statements for it. <paramref name="key"/>: numbers of the columns that find a row; empty: only the
/// whole row does.
/// </summary>
internal sealed class AppliedTable(int number, Relation relation, SqlName target, ImmutableArray<AppliedColumn> columns, ImmutableArray<int> key)
{
    public int Number { get; } = number;
    public Relation Relation { get; } = relation;
    public SqlName Target { get; } = target;
    public ImmutableArray<AppliedColumn> Columns { get; } = columns;
    public ImmutableArray<int> Key { get; } = key;
    public bool ByWholeRow => Key.IsEmpty;
    /// <summary>An update of such a column is refused by the server, a new row is not.</summary>
    public bool ReplacesOnUpdate { get; } = Enumerable.Range(0, columns.Length).Any(i => columns[i].IdentityAlways && !key.Contains(i));
    /// <summary>Statements that the session has prepared, and their names.</summary>
    public Dictionary<string, string> Prepared { get; } = [];

    private IEnumerable<int> All => Enumerable.Range(0, Columns.Length);

    private static string Unnest(IEnumerable<string> aliases)
    {
        var names = aliases.ToList();
        return $"unnest({string.Join(", ", names.Select((_, i) => $"${i + 1}"))}) as u({string.Join(", ", names)})";
    }

    private string KeysEqual => string.Join(" and ", Key.Select(k => $"t.{Columns[k].Quoted} = {Columns[k].Read($"u.k{k}")}"));

    public (string Sql, ImmutableArray<int> Columns) Insert() => (
        $"insert into {Target} ({string.Join(", ", Columns.Select(c => c.Quoted))}) overriding system value select {string.Join(", ", All.Select(i => Columns[i].Read($"u.c{i}")))} from {Unnest(All.Select(i => $"c{i}"))}",
        [.. All]);

    /// <summary>Values of the key first, then of the columns that are set. <paramref name="moves"/>: the key is set too. Null where there is nothing to set.</summary>
    public (string Sql, ImmutableArray<int> Set)? Update(bool[] unchanged, bool moves)
    {
        ImmutableArray<int> set = [.. All.Where(i => !unchanged[i] && (moves || !Key.Contains(i)) && !Columns[i].IdentityAlways)];
        if (set.IsEmpty) return null;
        var aliases = Key.Select(k => $"k{k}").Concat(set.Select(i => $"c{i}"));
        return ($"update {Target} t set {string.Join(", ", set.Select(i => $"{Columns[i].Quoted} = {Columns[i].Read($"u.c{i}")}"))} from {Unnest(aliases)} where {KeysEqual}", set);
    }

    public string Delete() => $"delete from {Target} t using {Unnest(Key.Select(k => $"k{k}"))} where {KeysEqual}";

    /// <summary>
    /// Deletes as many rows as are given, each equal to one of them to the last digit, and never two for one. Rows are compared as the server
    /// prints them; tableoid, for a row's place says nothing without its partition.
    /// </summary>
    public string DeleteWhole()
    {
        var own = $"row({string.Join(", ", Columns.Select(c => $"t.{c.Quoted}"))})::text";
        var given = $"row({string.Join(", ", All.Select(i => Columns[i].Read($"u.c{i}")))})::text";
        return $"""
            with given as materialized (select {given} as image from {Unnest(All.Select(i => $"c{i}"))}),
              wanted as (select image, row_number() over (partition by image) as n from given),
              found as (select t.tableoid as part, t.ctid as place, {own} as image, row_number() over (partition by {own}) as n from {Target} t where {own} in (select image from given))
            delete from {Target} t using found f join wanted w on w.image = f.image and w.n = f.n where t.tableoid = f.part and t.ctid = f.place
            """;
    }
}
