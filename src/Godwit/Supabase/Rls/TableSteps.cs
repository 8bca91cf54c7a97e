using System.Collections.Immutable;
using System.Text;
using Godwit.Schema;

namespace Godwit.Supabase.Rls;

/// <summary>One table: closed first, then opened as far as its policies go.</summary>
internal sealed class TableSteps(RlsTable table, RlsOptions options)
{
    /// <summary>Policies of these names are Godwit's: made anew each time.</summary>
    public static readonly ImmutableArray<string> PolicyNames = ["godwit_select", "godwit_insert", "godwit_update", "godwit_delete"];

    private readonly SqlName _name = table.Relation.Name;

    public IEnumerable<RlsStep> Steps()
    {
        var whose = RlsPlan.Describe(table.Ownership);
        if (!table.Relation.Enabled) yield return Step($"ALTER TABLE {_name} ENABLE ROW LEVEL SECURITY", $"Rows: {whose}. Without a policy, nobody but the owner and service_role sees a row.", $"ALTER TABLE {_name} DISABLE ROW LEVEL SECURITY");
        if (options.Force && table.Ownership is not Ownership.Self && !table.Relation.Forced)
            yield return Step($"ALTER TABLE {_name} FORCE ROW LEVEL SECURITY", "The policies hold for the table's owner too.", $"ALTER TABLE {_name} NO FORCE ROW LEVEL SECURITY");
        yield return Step($"REVOKE ALL ON {_name} FROM PUBLIC, anon, authenticated", "Default privileges may have granted everything; what is needed is granted below.");
        yield return Step($"GRANT ALL ON {_name} TO service_role", "The back end passes by the policies.");
        foreach (var step in Policies()) yield return step;
        foreach (var step in Grants()) yield return step;
        foreach (var column in table.OwnColumns.Where(c => !table.Relation.IndexedFirst.Contains(c)))
            yield return Step($"CREATE INDEX IF NOT EXISTS {SqlName.Quote(Short($"{_name.Name}_{column}_rls"))} ON {_name} ({SqlName.Quote(column)})", "Every query of a signed-in user looks for this column.", $"DROP INDEX {new SqlName(_name.Schema, Short($"{_name.Name}_{column}_rls"))}");
    }

    private IEnumerable<RlsStep> Policies()
    {
        foreach (var old in table.Relation.Policies.Where(p => PolicyNames.Contains(p))) yield return Step($"DROP POLICY {SqlName.Quote(old)} ON {_name}", "Made anew.");
        if (table.Ownership is Ownership.Closed) yield break;
        var mine = OwnerSql.IsMine(table.Ownership);
        yield return Policy("SELECT", $"USING ({mine})", table.Ownership is Ownership.Shared ? "Every signed-in user reads it." : "One's own rows are seen.");
        if (table.Ownership is Ownership.Shared) yield break;
        if (table.Ownership is not Ownership.Self) yield return Policy("INSERT", $"WITH CHECK ({OwnerSql.IsMineToAdd(table.Ownership)})", "Nobody writes rows in another user's name.");
        if (!table.Updatable.IsEmpty) yield return Policy("UPDATE", $"USING ({mine}) WITH CHECK ({mine})", "One's own rows are changed, and stay one's own.");
        if (table.Ownership is not Ownership.Self) yield return Policy("DELETE", $"USING ({mine})", "One's own rows are deleted.");
    }

    private IEnumerable<RlsStep> Grants()
    {
        if (table.Ownership is Ownership.Closed) yield break;
        var hidden = table.Relation.Columns.Where(SecretColumns.IsSecret).Select(c => c.Name).ToList();
        string Columns(IEnumerable<string> names) => $" ({SqlName.List(names)})";
        var readable = hidden.Count == 0 ? "" : Columns(table.Relation.Columns.Where(c => !hidden.Contains(c.Name)).Select(c => c.Name));
        var why = hidden.Count == 0 ? "As far as the policies go." : $"As far as the policies go. Unread: {string.Join(", ", hidden)}.";
        var rights = new List<string> { "SELECT" + readable };
        if (table.Ownership is Ownership.Self)
        {
            if (!table.Updatable.IsEmpty) rights.Add("UPDATE" + Columns(table.Updatable));
        }
        else if (table.Ownership is not Ownership.Shared)
        {
            rights.Add("INSERT");
            rights.Add(hidden.Count == 0 ? "UPDATE" : "UPDATE" + Columns(table.Updatable));
            rights.Add("DELETE");
        }
        yield return Step($"GRANT {string.Join(", ", rights)} ON {_name} TO authenticated", why, $"REVOKE ALL ON {_name} FROM authenticated");
        if (table.Ownership is not (Ownership.Direct or Ownership.Through)) yield break;
        foreach (var sequence in table.Relation.Sequences)
            yield return Step($"GRANT USAGE ON SEQUENCE {new SqlName(_name.Schema, sequence)} TO authenticated, service_role", "A new row takes its number from there.", $"REVOKE USAGE ON SEQUENCE {new SqlName(_name.Schema, sequence)} FROM authenticated");
    }

    private RlsStep Policy(string command, string rule, string why)
    {
        var name = "godwit_" + command.ToLowerInvariant();
        return Step($"CREATE POLICY {name} ON {_name} FOR {command} TO authenticated {rule}", why, $"DROP POLICY {name} ON {_name}");
    }

    private RlsStep Step(string sql, string why, string? undo = null) => new($"{_name}", sql, why, undo);

    /// <summary>PostgreSQL's names hold 63 bytes.</summary>
    public static string Short(string name)
    {
        while (Encoding.UTF8.GetByteCount(name) > 63) name = name.Remove(name.Length / 3, 1);
        return name;
    }
}
