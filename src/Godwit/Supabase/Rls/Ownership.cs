using System.Collections.Immutable;

namespace Godwit.Supabase.Rls;

/// <summary>Whose a table's rows are.</summary>
public abstract record Ownership
{
    /// <summary>The users table: each row is its own user's.</summary>
    public sealed record Self : Ownership;
    /// <summary>Columns of the table hold a user's key. Several: the row is of each of them (a friendship).</summary>
    public sealed record Direct(ImmutableArray<string> Columns) : Ownership;
    /// <summary>The row belongs to a row of another table, and to whom that belongs.</summary>
    public sealed record Through(RlsForeignKey Key, RlsRelation Parent, Ownership ParentOwnership) : Ownership;
    /// <summary>Nobody's; every signed-in user may read it.</summary>
    public sealed record Shared : Ownership;
    /// <summary>Nobody's, or nobody knows: closed to the API.</summary>
    public sealed record Closed : Ownership;
}

/// <summary>Finds the users table and every table's owner from foreign keys. Pure.</summary>
public sealed class OwnershipFinder(RlsFacts facts, RlsOptions options)
{
    private static readonly string[] s_likely = ["users", "user", "auth_user", "app_users", "app_user"];
    private static readonly string[] s_possible = ["accounts", "account", "members", "member", "profiles", "profile", "customers", "people", "persons", "employees"];

    private const int Enough = 50;

    /// <summary>Throws <c>rls-users-unknown</c> or <c>rls-table-unknown</c> with what could be meant.</summary>
    public RlsRelation Users()
    {
        if (options.UsersTable is { } named) return Table(named, "--users");
        var best = facts.Tables.Select(t => (Table: t, Score: Score(t))).Where(t => t.Score >= Enough).OrderByDescending(t => t.Score).ThenBy(t => t.Table.Name.Name, StringComparer.Ordinal).FirstOrDefault().Table;
        return best ?? throw new GodwitException(ErrorKind.Usage, "rls-users-unknown", $"Which table of schema {facts.Schema} holds the users cannot be told: none is named like one.", "name it: --users TABLE");
    }

    /// <summary>The column that other tables refer to; the primary key where none does.</summary>
    public static string KeyOf(RlsRelation users, RlsFacts facts)
    {
        var referred = facts.Tables.SelectMany(t => t.ForeignKeys).Where(k => k.Parent == users.Name.Name && k.ParentColumns.Length == 1).GroupBy(k => k.ParentColumns[0]).MaxBy(g => g.Count())?.Key;
        if (referred is not null) return referred;
        return users.PrimaryKey is [var key] ? key : throw new GodwitException(ErrorKind.Usage, "rls-users-key", $"The users table {users.Name} has no key of one column.", "give it one, or name another table: --users TABLE");
    }

    public ImmutableDictionary<string, Ownership> All(RlsRelation users)
    {
        foreach (var shared in options.Shared) Table(shared, "--shared");
        var found = new Dictionary<string, Ownership> { [users.Name.Name] = new Ownership.Self() };
        foreach (var rule in options.Owners)
        {
            var table = Table(rule.Table, "--owner");
            if (rule.Columns.FirstOrDefault(c => table.Column(c) is null) is { } missing)
                throw new GodwitException(ErrorKind.Usage, "rls-table-unknown", $"--owner: table {table.Name} has no column {missing}.", $"its columns: {string.Join(", ", table.Columns.Select(c => c.Name))}");
            found[table.Name.Name] = new Ownership.Direct(rule.Columns);
        }
        foreach (var table in facts.Tables.Where(t => !t.IsPartition && !found.ContainsKey(t.Name.Name)))
        {
            ImmutableArray<string> columns = [.. table.ForeignKeys.Where(k => k.Parent == users.Name.Name && k.Columns.Length == 1).Select(k => k.Columns[0]).Distinct().OrderBy(c => table.Columns.IndexOf(table.Column(c)!))];
            if (options.Shared.Contains(table.Name.Name)) found[table.Name.Name] = new Ownership.Shared();
            else if (columns.Length > 0) found[table.Name.Name] = new Ownership.Direct(columns);
        }
        // Breadth first: the shortest way to an owner wins, then a column that is never empty, then the order of the columns.
        for (var grew = true; grew;)
        {
            var level = new List<(string Table, Ownership Ownership)>();
            foreach (var table in facts.Tables.Where(t => !t.IsPartition && !found.ContainsKey(t.Name.Name)))
            {
                var way = table.ForeignKeys.Where(k => k.Columns.Length == 1 && k.Parent != table.Name.Name && found.TryGetValue(k.Parent, out var o) && o is Ownership.Direct or Ownership.Through)
                    .OrderByDescending(k => table.Column(k.Columns[0])!.NotNull).ThenBy(k => table.Columns.IndexOf(table.Column(k.Columns[0])!)).FirstOrDefault();
                if (way is not null) level.Add((table.Name.Name, new Ownership.Through(way, facts.Find(way.Parent)!, found[way.Parent])));
            }
            foreach (var (table, ownership) in level) found[table] = ownership;
            grew = level.Count > 0;
        }
        foreach (var table in facts.Tables) found.TryAdd(table.Name.Name, new Ownership.Closed());
        return found.ToImmutableDictionary();
    }

    private RlsRelation Table(string name, string option) => facts.Find(name) is { IsTable: true } table ? table
        : throw new GodwitException(ErrorKind.Usage, "rls-table-unknown", $"{option}: schema {facts.Schema} has no table {name}.", $"its tables: {string.Join(", ", facts.Tables.Select(t => t.Name.Name))}");

    private int Score(RlsRelation table)
    {
        var name = table.Name.Name.ToLowerInvariant();
        var score = s_likely.Contains(name) ? 100 : s_possible.Contains(name) ? 50 : name.EndsWith("_user", StringComparison.Ordinal) || name.EndsWith("_users", StringComparison.Ordinal) ? 40 : 0;
        if (table.Columns.Any(SecretColumns.IsSecret)) score += 30;
        if (table.Columns.Any(c => c.Name.Contains("email", StringComparison.OrdinalIgnoreCase))) score += 10;
        return score == 0 ? 0 : score + Math.Min(9, facts.Tables.Sum(t => t.ForeignKeys.Count(k => k.Parent == table.Name.Name)));
    }
}

/// <summary>Columns that no web client may ever read, by their names.</summary>
public static class SecretColumns
{
    private static readonly string[] s_words = ["password", "passwd", "pwd", "pass_hash", "secret", "token", "otp", "api_key", "apikey", "private_key", "salt", "recovery_code"];

    public static bool IsSecret(RlsColumn column) => column.IsText && s_words.Any(w => column.Name.Contains(w, StringComparison.OrdinalIgnoreCase));
}
