using System.Collections.Immutable;
using System.Globalization;
using Godwit.Schema;
using Godwit.Wire;
using Godwit.Wire.Replication;

namespace Godwit.Follow.Logical;

/// <summary>
/// Finds the table in which a table of the stream is applied: the one of the same name, unless <paramref name="map"/> says otherwise. A column that was
/// added at the origin is added here too; any other difference stops with what to do, for rows would be lost or put into the wrong place.
/// <paramref name="added"/>: the origin's own catalogue, asked only then.
/// </summary>
internal sealed class TableResolver(WireConnection connection, Func<Relation, SqlName?> map, Func<Relation, string, AddedColumn?> added, Func<uint, StreamType?> type, bool binary)
{
    // Composite values go as text: unnest would spread them over several columns.
    private const string Columns = """
        select a.attname, a.atttypid::text, case when 'c' in (t.typtype, b.typtype) or b.typtype = 'd' then '0' else t.typarray::text end, quote_ident(tn.nspname) || '.' || quote_ident(t.typname), a.attidentity, a.attgenerated, coalesce(bn.nspname, tn.nspname), coalesce(b.typname, t.typname), a.atttypmod::text, b.typtype
        from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
          left join pg_catalog.pg_type b on b.oid = t.typbasetype and t.typtype = 'd' left join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
        where a.attrelid = @::oid and a.attnum > 0 and not a.attisdropped order by a.attnum
        """;

    // The primary key first, then other unique indexes over plain columns that cannot be NULL. Where uniqueness may wait for the commit, two rows may have one key meanwhile.
    private const string Keys = """
        select string_agg(a.attname, E'\x01' order by k.n)
        from pg_catalog.pg_index i, unnest(i.indkey) with ordinality k(attnum, n), pg_catalog.pg_attribute a
        where i.indrelid = @::oid and i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null and k.n <= i.indnkeyatts and a.attrelid = i.indrelid and a.attnum = k.attnum
        group by i.indexrelid, i.indisprimary having bool_and(a.attnotnull) order by i.indisprimary desc, i.indexrelid
        """;

    public const string SchemaChanged = "follow-schema-changed";

    /// <summary>To be executed after the changes of the batch, in its transaction.</summary>
    public List<string> Deferred { get; } = [];

    private int _number;

    private sealed record Existing(string Name, uint Type, uint Array, string TypeName, bool IdentityAlways, bool Generated, string BaseSchema, string Base, int Modifier, bool Nested);

    /// <summary>Null where the table is not to be applied.</summary>
    public AppliedTable? Resolve(Relation relation, IList<SqlName> altered)
    {
        if (map(relation) is not { } target) return null;
        if (connection.Query($"select pg_catalog.to_regclass({SqlText.Literal(target.ToString())})::oid::text")[0][0] is not { } oid)
            throw Changed(relation, $"has no table {target} to go to: it was renamed, or made after the copy", $"rename it back, or rename {target} on the other side to match; a new table is copied by a new migration");
        var columns = Read(oid);
        // Before anything is added: a renamed column is one that is gone and one that is new.
        if (columns.FirstOrDefault(e => !e.Generated && relation.Columns.All(c => c.Name != e.Name)) is { } dropped)
            throw Changed(relation, $"no longer has the column {dropped.Name}: it was dropped or renamed", $"do the same on the other side: ALTER TABLE {target} DROP COLUMN {SqlName.Quote(dropped.Name)} (or RENAME COLUMN {SqlName.Quote(dropped.Name)} TO ...); then godwit follow");
        foreach (var missing in relation.Columns.Where(c => columns.All(e => e.Name != c.Name)).ToList())
        {
            var column = added(relation, missing.Name) ?? throw Changed(relation, $"has a column {missing.Name} that {target} has not, and that is no longer in the source's catalogue",
                $"add it by hand: ALTER TABLE {target} ADD COLUMN {SqlName.Quote(missing.Name)} ...; then godwit follow");
            if (column.Refusal is { } refusal) throw Changed(relation, $"was given a column {missing.Name} {refusal}", $"run by hand on the other side: ALTER TABLE {target} ADD COLUMN {column.Definition}; then godwit follow; rows that were there before get their values by hand: godwit verify names them");
            connection.Query($"alter table {target} add column {column.Definition}{(column.Missing is { } value ? $" default {value}" : "")}{(column.NotNull ? " not null" : "")}");
            // Rows that are still to come were there before the column was: they get what those have, and only later rows the default.
            if (column.Missing != column.Default) Deferred.Add($"alter table {target} alter column {SqlName.Quote(missing.Name)} {(column.Default is { } expression ? $"set default {expression}" : "drop default")}");
            altered.Add(new(target.ToString(), missing.Name));
        }
        if (relation.Columns.Any(c => columns.All(e => e.Name != c.Name)))
        {
            columns = Read(oid);
            // Chosen when the stream began, for the types that there were.
            if (binary && altered.Any(a => columns.Any(c => c.Name == a.Name && (c.Array == 0 || c.Type >= 16384))))
                throw new GodwitException(ErrorKind.TargetTransient, "follow-form-changes", $"{target} was given a column that the stream's binary form does not suit; the stream begins again as text.", "Nothing is to be done.");
        }
        var applied = relation.Columns.Select(c => Match(relation, target, c, columns.First(e => e.Name == c.Name))).ToImmutableArray();
        return new AppliedTable(_number++, relation, target, applied, Key(relation, oid));
    }

    private List<Existing> Read(string oid) => [.. connection.Query(Columns.Replace("@", oid, StringComparison.Ordinal)).Select(r => new Existing(r[0]!, Number(r[1]), Number(r[2]), r[3]!, r[4] == "a", r[5] is { Length: > 0 }, r[6]!, r[7]!, int.Parse(r[8]!, CultureInfo.InvariantCulture), r[9] == "d"))];

    private AppliedColumn Match(Relation relation, SqlName target, RelationColumn column, Existing existing)
    {
        // Built-in types have the same number everywhere; the others are told by name, domains by that of the type that they are made of.
        var same = column.Type < 16384 ? existing.Type == column.Type : existing.Nested || type(column.Type) is not { } named || (named.Schema == existing.BaseSchema && named.Name == existing.Base);
        if (!same || (column.Type < 16384 && column.Modifier != existing.Modifier))
            throw Changed(relation, $"has another type for the column {column.Name} than {target}", $"do the same on the other side: ALTER TABLE {target} ALTER COLUMN {SqlName.Quote(column.Name)} TYPE ...; then godwit follow");
        return new(column.Name, existing.Type, existing.Array, existing.TypeName, existing.IdentityAlways);
    }

    private ImmutableArray<int> Key(Relation relation, string oid)
    {
        if (relation.Identity != ReplicaIdentity.Full) return [.. Enumerable.Range(0, relation.Columns.Length).Where(i => relation.Columns[i].IsKey)];
        foreach (var row in connection.Query(Keys.Replace("@", oid, StringComparison.Ordinal)))
        {
            var names = row[0]!.Split('\x01');
            if (names.All(n => relation.Columns.Any(c => c.Name == n))) return [.. Enumerable.Range(0, relation.Columns.Length).Where(i => names.Contains(relation.Columns[i].Name))];
        }
        return [];
    }

    private static uint Number(string? text) => uint.Parse(text!, CultureInfo.InvariantCulture);

    private static GodwitException Changed(Relation relation, string what, string hint) =>
        new(ErrorKind.Blocked, "follow-schema-changed", $"{relation.Schema}.{relation.Name} {what}. What was written before that is applied; the rest waits in the slot.", hint);
}

/// <summary>
/// A column as the origin's catalogue has it now. <paramref name="Definition"/>: name and type. <paramref name="Missing"/>: what rows have that were there before
/// the column was, as SQL; null is NULL. <paramref name="Refusal"/>: why it cannot be added by itself.
/// </summary>
internal sealed record AddedColumn(string Definition, bool NotNull, string? Missing, string? Default, string? Refusal);
