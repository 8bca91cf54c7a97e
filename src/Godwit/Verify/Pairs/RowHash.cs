using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Verify.Pairs;

/// <summary>A column that both sides have. <paramref name="Base"/>: the type of pg_catalog below all domains, "" where it is of another schema.</summary>
internal sealed record PairColumn(string Name, string Type, string Base, char Sort, bool IsGenerated)
{
    /// <summary>The type as it is written, below all domains.</summary>
    public string Below { get; init; } = Type;
    /// <summary>On both sides no row may hold NULL.</summary>
    public bool NotNull { get; init; }
    public bool Secret { get; } = Secrets.LooksSecret(Name);
    public string Quoted => "t." + SqlName.AlwaysQuote(Name);
    /// <summary>The value as its type's output function prints it; NULL is NULL. A cast to text might be the user's own.</summary>
    public string Printed => $"CASE num_nulls({Quoted}) WHEN 0 THEN concat({Quoted}) END";
}

/// <summary>
/// Writes the expression that reduces a row to 64 bits inside a server, so that two rows have one hash exactly when all their values print
/// alike. PostgreSQL's own hash of a type is used where it tells all printed values apart and where both servers were seen to compute the same
/// (<c>hash-proof.sql</c>). Equality of a type is often coarser than that: 1.0 = 1.00, 0 = -0, one month = 30 days, citext 'A' = 'a'; an enum's
/// hash is that of its oid. Each hash is the seed of the next, so that two values that change places are seen.
/// </summary>
internal sealed class RowHash(ISet<string> proven, bool sameEncoding)
{
    /// <summary>Hash functions called by name, by base type, with a value that stands for NULL.</summary>
    private static readonly Dictionary<string, (string Function, string Null)> Direct = new()
    {
        ["int2"] = ("hashint2extended", "'0'"),
        ["int4"] = ("hashint4extended", "'0'"),
        ["int8"] = ("hashint8extended", "'0'"),
        ["uuid"] = ("uuid_hash_extended", "'00000000-0000-0000-0000-000000000000'"),
        ["timestamp"] = ("timestamp_hash_extended", "'epoch'"),
        ["time"] = ("time_hash_extended", "'0:0'"),
        ["float4"] = ("hashfloat4extended", "'0'"),
        ["float8"] = ("hashfloat8extended", "'0'"),
        ["numeric"] = ("hash_numeric_extended", "'0'"),
    };

    /// <summary>Types whose hash can only be called through that of a record.</summary>
    private static readonly string[] InRecord = ["timestamptz", "date", "bytea", "oid", "name", "char", "inet", "cidr", "macaddr", "macaddr8"];

    // A row constructor has at most 1,664 entries, and an expression may nest only so deep.
    private const int InOneChain = 250;

    public string Of(IReadOnlyList<PairColumn> columns)
    {
        var chain = "0::int8";
        for (var from = 0; from < columns.Count; from += InOneChain)
        {
            var part = Chain([.. columns.Skip(from).Take(InOneChain)]);
            chain = from == 0 ? part : $"hashint8extended({part}, {chain})";
        }
        return chain;
    }

    // A column that says how many decimals it has holds no other number of them.
    private static bool HasFixedScale(PairColumn column) => column.Type.StartsWith("numeric(", StringComparison.Ordinal);

    /// <summary>Filled with blanks to that length, which its hash leaves out: another number of them there cannot be.</summary>
    private static bool HasFixedLength(PairColumn column) => column.Type.StartsWith("character(", StringComparison.Ordinal);

    private string Chain(ImmutableArray<PairColumn> columns)
    {
        var (flags, record, chain) = (new List<string>(), new List<string>(), "");
        var links = new List<Func<string, string>>();
        foreach (var column in columns)
        {
            var x = column.Quoted;
            var isProven = proven.Contains(column.Base);
            if (isProven && column.Base is "text" or "varchar" && sameEncoding)
            {
                if (!column.NotNull) flags.Add($"{x} IS NULL");
                links.Add(seed => $"hashtextextended({(column.NotNull ? x : $"coalesce({x}, '')")} COLLATE \"C\", {seed})");
            }
            else if (isProven && column.Base == "bpchar" && HasFixedLength(column) && sameEncoding)
            {
                if (!column.NotNull) flags.Add($"{x} IS NULL");
                links.Add(seed => $"hashbpcharextended({(column.NotNull ? x : $"coalesce({x}, '')")} COLLATE \"C\", {seed})");
            }
            else if (isProven && column.Base == "bool")
            {
                if (!column.NotNull) flags.Add($"{x} IS NULL");
                flags.Add($"{x} IS TRUE");
            }
            else if (isProven && Direct.TryGetValue(column.Base, out var direct))
            {
                if (!column.NotNull) flags.Add($"{x} IS NULL");
                if (column.Base is "float4" or "float8") flags.Add($"({x} = 0 AND {x}::text = '-0')");
                if (column.Base == "numeric" && !HasFixedScale(column)) links.Add(seed => $"hashint4extended(coalesce(scale({x}), -1), {seed})");
                links.Add(seed => $"{direct.Function}({(column.NotNull ? x : $"coalesce({x}, {direct.Null})")}, {seed})");
            }
            else if (isProven && InRecord.Contains(column.Base) && (sameEncoding || column.Base is not "name"))
            {
                record.Add(x);
            }
            else
            {
                if (!column.NotNull) flags.Add($"num_nulls({x}) = 1");
                // concat() looks for the function that prints a value, and takes 0.1 us a row more than that function (bench/).
                var printed = column.Sort == 'e' ? column.NotNull ? $"textin(enum_out({x}))" : $"coalesce(textin(enum_out({x})), '')" : $"concat({x})";
                var text = sameEncoding ? $"{printed} COLLATE \"C\"" : $"encode(convert_to(concat({x}), 'UTF8'), 'hex') COLLATE \"C\"";
                links.Add(seed => $"hashtextextended({text}, {seed})");
            }
        }
        chain = Flags(flags);
        if (record.Count > 0) chain = $"hash_record_extended(ROW({string.Join(", ", record)}), {chain})";
        foreach (var link in links) chain = link(chain);
        return chain;
    }

    /// <summary>Which values are NULL, true or a negative zero, as bits.</summary>
    private static string Flags(List<string> flags)
    {
        var chain = "0::int8";
        foreach (var word in flags.Chunk(60))
        {
            var bits = string.Join(" | ", word.Select((f, i) => $"CASE WHEN {f} THEN {1L << i}::int8 ELSE 0 END"));
            chain = $"hashint8extended({bits}, {chain})";
        }
        return chain;
    }

    /// <summary>Base types as the proof knows them: a boolean is only ever looked at, varchar hashes as text does.</summary>
    public static HashSet<string> Proven(IEnumerable<string?[]> source, IEnumerable<string?[]> target)
    {
        var there = target.ToDictionary(r => r[0]!, r => r[1]);
        var proven = source.Where(r => there.TryGetValue(r[0]!, out var other) && other == r[1]).Select(r => r[0]!).ToHashSet(StringComparer.Ordinal);
        if (proven.Contains("text")) proven.Add("varchar");
        if (proven.Contains("int8")) proven.Add("bool");
        return proven;
    }
}
