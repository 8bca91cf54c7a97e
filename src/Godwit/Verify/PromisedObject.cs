using Godwit.Plan;
using Godwit.Schema;

namespace Godwit.Verify;

internal enum PromisedKind { Table, Index, Constraint, View, Trigger }

/// <summary>Something that the plan said would exist when the run has finished. For a constraint or trigger, <paramref name="Owner"/> is its table.</summary>
internal sealed record PromisedObject(PromisedKind Kind, SqlName Name, SqlName? Owner, string Subject, string? Table)
{
    /// <summary>What a step creates, by the name in its statement; null where it creates nothing that has a name.</summary>
    public static PromisedObject? Of(SqlStep step, MigrationPlan plan)
    {
        var reader = new NameReader(step.Sql);
        SqlName Final(SqlName name) => name.Schema == plan.LoadSchema ? new(plan.TargetSchema, name.Name) : name;
        switch (step.Kind)
        {
            case StepKind.Table when reader.After("CREATE", "TABLE") && reader.Name(out var table):
                return new(PromisedKind.Table, Final(table), null, step.Subject, step.Subject);
            case StepKind.View when reader.After("CREATE", "VIEW") && reader.Name(out var view):
                return new(PromisedKind.View, Final(view), null, step.Subject, null);
            case StepKind.Trigger when step.Sql.LastIndexOf("\nCREATE TRIGGER ", StringComparison.Ordinal) is var at and >= 0:
                var create = new NameReader(step.Sql[at..]);
                return create.After("CREATE", "TRIGGER") && create.Name(out var trigger) && create.Past("ON") && create.Name(out var watched)
                    ? new(PromisedKind.Trigger, trigger, Final(watched), step.Subject, step.Table) : null;
            case StepKind.Index when reader.After("CREATE", "INDEX") && reader.Name(out var index) && reader.After("ON") && reader.Name(out var on):
                return new(PromisedKind.Index, new(Final(on).Schema, index.Name), null, step.Subject, step.Table);
            case StepKind.PrimaryKey or StepKind.Unique or StepKind.Check or StepKind.ForeignKey
                when reader.After("ALTER", "TABLE") && reader.Name(out var owner) && reader.After("ADD", "CONSTRAINT") && reader.Name(out var constraint):
                return new(PromisedKind.Constraint, constraint, Final(owner), step.Subject, step.Table);
            default:
                return null;
        }
    }
}

/// <summary>Reads words and names at the head of a statement that the planner wrote.</summary>
internal ref struct NameReader(string sql)
{
    private ReadOnlySpan<char> _rest = sql;

    /// <summary>Goes on to just after these words, in this order; other plain words may stand between them (UNIQUE, OR REPLACE).</summary>
    public bool After(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
            while (true)
            {
                var next = Word();
                if (next.IsEmpty) return false;
                if (next.Equals(word, StringComparison.OrdinalIgnoreCase)) break;
            }
        foreach (var optional in (ReadOnlySpan<string>)["CONCURRENTLY", "IF", "NOT", "EXISTS", "ONLY"])
        {
            var saved = _rest;
            if (!Word().Equals(optional, StringComparison.OrdinalIgnoreCase)) _rest = saved;
        }
        return true;
    }

    /// <summary>Goes on to just after this word, over names in quotes and commas.</summary>
    public bool Past(string word)
    {
        while (true)
        {
            _rest = _rest.TrimStart();
            if (_rest.IsEmpty) return false;
            if (_rest[0] == '"') Identifier(out _);
            else if (Word() is { IsEmpty: false } next && next.Equals(word, StringComparison.OrdinalIgnoreCase)) return true;
            else if (!_rest.IsEmpty && !char.IsAsciiLetterOrDigit(_rest[0]) && _rest[0] is not ('"' or ' ')) _rest = _rest[1..];
        }
    }

    private ReadOnlySpan<char> Word()
    {
        _rest = _rest.TrimStart();
        var length = 0;
        while (length < _rest.Length && (char.IsAsciiLetterOrDigit(_rest[length]) || _rest[length] == '_')) length++;
        var word = _rest[..length];
        _rest = _rest[length..];
        return word;
    }

    public bool Name(out SqlName name)
    {
        name = default;
        if (!Identifier(out var first)) return false;
        name = new SqlName(first);
        if (_rest.IsEmpty || _rest[0] != '.') return true;
        _rest = _rest[1..];
        if (!Identifier(out var second)) return false;
        name = new SqlName(first, second);
        return true;
    }

    private bool Identifier(out string identifier)
    {
        _rest = _rest.TrimStart();
        if (_rest.IsEmpty || _rest[0] != '"')
        {
            identifier = Word().ToString();
            return identifier.Length > 0;
        }
        var end = 1;
        while (end < _rest.Length && (_rest[end] != '"' || end + 1 < _rest.Length && _rest[end + 1] == '"')) end += _rest[end] == '"' ? 2 : 1;
        identifier = end < _rest.Length ? _rest[1..end].ToString().Replace("\"\"", "\"", StringComparison.Ordinal) : "";
        _rest = end < _rest.Length ? _rest[(end + 1)..] : default;
        return identifier.Length > 0;
    }
}
