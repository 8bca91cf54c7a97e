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
    private const uint Text = 25, TextArray = 1009;
    public uint Parameter => Array == 0 ? TextArray : Array;
    public string Quoted => SqlName.Quote(Name);
    /// <summary>The same of one value.</summary>
    public uint SingleParameter => Array == 0 ? Text : Type;
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

    /// <summary>How many rows statements for one row have touched, in the transaction that is open.</summary>
    public const string Touched = "godwit.rows";
    private const string Count = $" returning pg_catalog.set_config('{Touched}', (pg_catalog.current_setting('{Touched}')::int + 1)::text, true)";

    private readonly Dictionary<string, string> _sql = [];
    private readonly Dictionary<string, ImmutableArray<int>> _sets = [];

    /// <summary>Numbers of all columns.</summary>
    public ImmutableArray<int> All { get; } = [.. Enumerable.Range(0, columns.Length)];

    private static string Unnest(IEnumerable<string> aliases)
    {
        var names = aliases.ToList();
        return $"unnest({string.Join(", ", names.Select((_, i) => $"${i + 1}"))}) as u({string.Join(", ", names)})";
    }

    private string KeysEqual(bool one) => string.Join(" and ", Key.Select((k, i) => $"t.{Columns[k].Quoted} = {Columns[k].Read(one ? $"${i + 1}" : $"u.k{k}")}"));

    private string Cached(string name, bool one, Func<string> make)
    {
        name = one ? $"{name}1" : name;
        if (!_sql.TryGetValue(name, out var sql)) _sql[name] = sql = make();
        return sql;
    }

    /// <summary>Values of every column. <paramref name="one"/>: of one row, which is counted in <see cref="Touched"/>; else arrays of them. So for all of these.</summary>
    public string Insert(bool one) => Cached("i", one, () =>
    {
        var into = $"insert into {Target} ({string.Join(", ", Columns.Select(c => c.Quoted))}) overriding system value";
        return one ? $"{into} values ({string.Join(", ", All.Select(i => Columns[i].Read($"${i + 1}")))}){Count}"
            : $"{into} select {string.Join(", ", All.Select(i => Columns[i].Read($"u.c{i}")))} from {Unnest(All.Select(i => $"c{i}"))}";
    });

    /// <summary>Columns that an update sets: those that came along. <paramref name="moves"/>: the key is set too.</summary>
    public ImmutableArray<int> SetBy(string mask, bool moves)
    {
        var name = moves ? $"m{mask}" : mask;
        if (!_sets.TryGetValue(name, out var set)) _sets[name] = set = [.. All.Where(i => (mask is "" || mask[i] == '0') && (moves || !Key.Contains(i)) && !Columns[i].IdentityAlways)];
        return set;
    }

    /// <summary>Values of the key first, then of the columns of <paramref name="set"/>.</summary>
    public string Update(string name, ImmutableArray<int> set, bool one) => Cached(name, one, () =>
    {
        var values = string.Join(", ", set.Select((c, i) => $"{Columns[c].Quoted} = {Columns[c].Read(one ? $"${Key.Length + i + 1}" : $"u.c{c}")}"));
        return $"update {Target} t set {values}{(one ? "" : $" from {Unnest(Key.Select(k => $"k{k}").Concat(set.Select(i => $"c{i}")))}")} where {KeysEqual(one)}{(one ? Count : "")}";
    });

    /// <summary>Values of the key.</summary>
    public string Delete(bool one) => Cached("d", one, () => one
        ? $"delete from {Target} t where {KeysEqual(one)}{Count}"
        : $"delete from {Target} t using {Unnest(Key.Select(k => $"k{k}"))} where {KeysEqual(one)}");

    /// <summary>
    /// Deletes as many rows as are given, each equal to one of them to the last digit, and never two for one. Rows are compared as the server
    /// prints them; tableoid, for a row's place says nothing without its partition.
    /// </summary>
    public string DeleteWhole() => Cached("w", false, () =>
    {
        var own = $"row({string.Join(", ", Columns.Select(c => $"t.{c.Quoted}"))})::text";
        var given = $"row({string.Join(", ", All.Select(i => Columns[i].Read($"u.c{i}")))})::text";
        return $"""
            with given as materialized (select {given} as image from {Unnest(All.Select(i => $"c{i}"))}),
              wanted as (select image, row_number() over (partition by image) as n from given),
              found as (select t.tableoid as part, t.ctid as place, {own} as image, row_number() over (partition by {own}) as n from {Target} t where {own} in (select image from given))
            delete from {Target} t using found f join wanted w on w.image = f.image and w.n = f.n where t.tableoid = f.part and t.ctid = f.place
            """;
    });
}
