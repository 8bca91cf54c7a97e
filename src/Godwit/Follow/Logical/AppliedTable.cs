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

    public string Quoted => SqlName.Quote(Name);
    /// <summary>The type of a parameter of one value, or of an array of them.</summary>
    public uint Parameter(bool byRow) => (Array, byRow) switch { (0, true) => Text, (0, false) => TextArray, (_, true) => Type, _ => Array };
    public string Read(string alias) => Array == 0 ? $"{alias}::{TypeName}" : alias;
}

/// <summary>A statement of a table. <paramref name="columns"/>: numbers of those that its parameters are values of, in order. <paramref name="byRow"/>: a value each; else an array each.</summary>
internal sealed class TableStatement(string sql, AppliedTable table, ImmutableArray<int> columns, bool byRow)
{
    public string Sql { get; } = sql;
    public ImmutableArray<int> Columns { get; } = columns;
    public ImmutableArray<uint> Parameters { get; } = [.. columns.Select(c => table.Columns[c].Parameter(byRow))];
    /// <summary>Its name, where the session has prepared it.</summary>
    public string? Prepared { get; set; }
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
    /// <summary>How many rows statements for one row have touched, in the transaction that is open.</summary>
    public const string Touched = "godwit.rows";
    private const string Count = $" returning pg_catalog.set_config('{Touched}', (pg_catalog.current_setting('{Touched}')::int + 1)::text, true)";

    private readonly Dictionary<(string Name, bool ByRow), TableStatement> _statements = [];

    /// <summary>Numbers of all columns.</summary>
    private ImmutableArray<int> All { get; } = [.. Enumerable.Range(0, columns.Length)];

    /// <summary>Returns the names of the statements that were prepared, or were to be.</summary>
    public List<string> Forget()
    {
        List<string> names = [.. _statements.Values.Select(s => s.Prepared).OfType<string>()];
        foreach (var statement in _statements.Values) statement.Prepared = null;
        return names;
    }

    /// <summary>Values of every column. <paramref name="byRow"/>, of these all: of one row, which is counted in <see cref="Touched"/>.</summary>
    public TableStatement Insert(bool byRow)
    {
        if (_statements.TryGetValue(("i", byRow), out var known)) return known;
        var into = $"insert into {Target} ({string.Join(", ", Columns.Select(c => c.Quoted))}) overriding system value";
        return Keep("i", byRow, All, byRow
            ? $"{into} values ({string.Join(", ", All.Select(i => Columns[i].Read($"${i + 1}")))}){Count}"
            : $"{into} select {string.Join(", ", All.Select(i => Columns[i].Read($"u.c{i}")))} from {Unnest(All.Select(i => $"c{i}"))}");
    }

    /// <summary>Values of the key.</summary>
    public TableStatement Delete(bool byRow) => _statements.TryGetValue(("d", byRow), out var known) ? known
        : Keep("d", byRow, Key, byRow ? $"delete from {Target} t where {KeysEqual(byRow)}{Count}" : $"delete from {Target} t using {Unnest(Key.Select(k => $"k{k}"))} where {KeysEqual(byRow)}");

    /// <summary>
    /// Values of the key first, then of the columns that are set. <paramref name="unchanged"/>: which did not come along; null: all did.
    /// <paramref name="moves"/>: the key is set too. Null where there is nothing to set.
    /// </summary>
    public TableStatement? Update(bool[]? unchanged, bool moves, bool byRow)
    {
        var name = $"{(moves ? 'm' : 'u')}{(unchanged is null ? "" : string.Concat(unchanged.Select(u => u ? '1' : '0')))}";
        if (_statements.TryGetValue((name, byRow), out var known)) return known;
        ImmutableArray<int> set = [.. All.Where(i => unchanged?[i] != true && (moves || !Key.Contains(i)) && !Columns[i].IdentityAlways)];
        if (set.IsEmpty) return null;
        var values = string.Join(", ", set.Select((c, i) => $"{Columns[c].Quoted} = {Columns[c].Read(byRow ? $"${Key.Length + i + 1}" : $"u.c{c}")}"));
        return Keep(name, byRow, [.. Key, .. set], byRow
            ? $"update {Target} t set {values} where {KeysEqual(byRow)}{Count}"
            : $"update {Target} t set {values} from {Unnest(Key.Select(k => $"k{k}").Concat(set.Select(i => $"c{i}")))} where {KeysEqual(byRow)}");
    }

    /// <summary>
    /// Deletes as many rows as are given, each equal to one of them to the last digit, and never two for one. Rows are compared as the server
    /// prints them; tableoid, for a row's place says nothing without its partition.
    /// </summary>
    public TableStatement DeleteWhole()
    {
        if (_statements.TryGetValue(("w", false), out var known)) return known;
        var own = $"row({string.Join(", ", Columns.Select(c => $"t.{c.Quoted}"))})::text";
        var given = $"row({string.Join(", ", All.Select(i => Columns[i].Read($"u.c{i}")))})::text";
        return Keep("w", false, All, $"""
            with given as materialized (select {given} as image from {Unnest(All.Select(i => $"c{i}"))}),
              wanted as (select image, row_number() over (partition by image) as n from given),
              found as (select t.tableoid as part, t.ctid as place, {own} as image, row_number() over (partition by {own}) as n from {Target} t where {own} in (select image from given))
            delete from {Target} t using found f join wanted w on w.image = f.image and w.n = f.n where t.tableoid = f.part and t.ctid = f.place
            """);
    }

    private TableStatement Keep(string name, bool byRow, ImmutableArray<int> columns, string sql) => _statements[(name, byRow)] = new(sql, this, columns, byRow);

    private static string Unnest(IEnumerable<string> aliases)
    {
        var names = aliases.ToList();
        return $"unnest({string.Join(", ", names.Select((_, i) => $"${i + 1}"))}) as u({string.Join(", ", names)})";
    }

    private string KeysEqual(bool byRow) => string.Join(" and ", Key.Select((k, i) => $"t.{Columns[k].Quoted} = {Columns[k].Read(byRow ? $"${i + 1}" : $"u.k{k}")}"));
}
