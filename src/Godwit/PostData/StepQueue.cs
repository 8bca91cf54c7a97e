using System.Collections.Immutable;
using Godwit.Plan;

namespace Godwit.PostData;

/// <summary>Steps that one session executes one after the other. <paramref name="Together"/>: in one transaction, where nothing is refused.</summary>
internal sealed record StepGroup(ImmutableArray<SqlStep> Steps, StepKind Kind, string Key, double Work, bool Together)
{
    /// <summary>What the only step is, where it is the index of a key that comes behind it.</summary>
    public KeyBuild? Build { get; init; }
    /// <summary>Steps that were put off: nothing runs beside them.</summary>
    public bool IsAlone { get; init; }
}

/// <summary>
/// Hands out steps to workers, so that none waits in the server for a lock that another holds. Kinds follow each other; two pairs of them run in one go,
/// table by table: keys and then indexes of a table, while other tables have theirs; validations and statistics likewise. A large table's keys are built with
/// its indexes, and come behind them. What a worker puts off comes when all else of its phase is done, alone and in the plan's order.
/// </summary>
internal sealed class StepQueue
{
    /// <summary>Statements that look at no rows take less time than the commit of each; a batch is what a refusal among them makes be done again.</summary>
    private const int InOneBatch = 50;
    /// <summary>Groups under it run in their order, one at a time.</summary>
    private const string InOrder = "";

    private readonly Lock _gate = new();
    private readonly List<(int Phase, List<StepGroup> Left)> _phases;
    private readonly List<StepGroup> _running = [];
    private readonly Dictionary<string, int> _order = [];
    private readonly List<SqlStep> _putOff = [];
    private TaskCompletionSource _changed = New();

    /// <summary><paramref name="steps"/> and <paramref name="builds"/>: those that are to be done.</summary>
    public StepQueue(IEnumerable<SqlStep> steps, IReadOnlyCollection<KeyBuild> builds, MigrationPlan plan)
    {
        var tables = plan.Tables.ToDictionary(t => t.Source, StringComparer.Ordinal);
        var rows = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in plan.Tables)
            foreach (var name in new[] { table.Source, table.Tree }.OfType<string>().Distinct()) rows[name] = rows.GetValueOrDefault(name) + table.Rows;
        string Tree(SqlStep step) => step.Table is { } name ? tables.GetValueOrDefault(name)?.Tree ?? name : step.Id;
        var all = steps.ToList();
        foreach (var step in all) _order[step.Id] = _order.Count;
        var ahead = builds.Select(b => b.Key.Id).ToHashSet(StringComparer.Ordinal);
        double Work(SqlStep step) => step.Table is { } name && !ahead.Contains(step.Id) ? (double)rows.GetValueOrDefault(name) * step.Effort : 0;

        // What is made late may be what ANALYZE has to look at.
        var early = !all.Exists(s => s.Kind == StepKind.Late && (s.Id.StartsWith("STATISTICS ", StringComparison.Ordinal) || s.Id.StartsWith("INDEX ", StringComparison.Ordinal)));
        int Phase(StepKind kind) => (int)(kind switch
        {
            StepKind.Index when plan.InPlace => StepKind.Constraint,
            StepKind.Analyze when early => StepKind.ForeignKeyValidation,
            _ => kind,
        });
        IEnumerable<StepGroup> Groups(IGrouping<StepKind, SqlStep> kind) => kind.Key switch
        {
            StepKind.Index or StepKind.Check => kind.Select(s => new StepGroup([s], kind.Key, s.Table ?? s.Id, Work(s), Together: false)),
            // A key's statement takes its table for itself. A plan for tables that were there before drops keys here, which takes two tables.
            StepKind.Constraint when plan.InPlace && !plan.IntoExisting => kind.GroupBy(s => s.Table ?? s.Id).Select(g => new StepGroup([.. g], kind.Key, g.Key, g.Sum(Work), Together: false)),
            // ANALYZE of a partitioned table looks at its partitions too.
            StepKind.ForeignKeyValidation or StepKind.Analyze => kind.GroupBy(Tree).Select(g => new StepGroup([.. g], kind.Key, g.Key, g.Sum(Work), Together: false)),
            _ => kind.Chunk(InOneBatch).Select(c => new StepGroup([.. c], kind.Key, InOrder, 0, Together: true)),
        };
        var made = builds.Select(b => new StepGroup([b.Build], b.Build.Kind, b.Build.Table!, Work(b.Build), Together: false) { Build = b });
        _phases = [.. all.GroupBy(s => s.Kind).OrderBy(g => g.Key).SelectMany(Groups).Concat(made).GroupBy(g => Phase(g.Kind)).OrderBy(p => p.Key).Select(p => (p.Key, Sorted(p)))];
        Width = _phases.Select(p => p.Left.GroupBy(g => g.Key).Sum(t => Math.Max(1, t.Count(g => g.Kind == StepKind.Index)))).DefaultIfEmpty(0).Max();
        if (_phases.Find(p => p.Phase == (plan.InPlace ? (int)StepKind.Constraint : (int)StepKind.Index)).Left is { Count: > 1 } built
            && built.MaxBy(g => g.Work) is { Kind: StepKind.Index } longest && longest.Work > built.Sum(g => g.Work) - longest.Work) Longest = longest.Steps[0].Id;
    }

    /// <summary>How many can be at work at one time.</summary>
    public int Width { get; }

    /// <summary>The index that is more work than all keys and indexes beside it, which would be built alone at the end.</summary>
    public string? Longest { get; }

    /// <summary>The next group, once it can run beside those that do; null when all are done. Whoever takes a group says when it is <see cref="Done"/>.</summary>
    public async Task<StepGroup?> TakeAsync(CancellationToken stop)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                while (_phases.Count > 0 && _phases[0].Left.Count == 0 && _running.Count == 0 && _putOff.Count == 0) _phases.RemoveAt(0);
                if (_phases.Count == 0) return null;
                if (_phases[0].Left.Count == 0 && _running.Count == 0) return TakePutOff();
                var left = _phases[0].Left;
                if (left.Find(IsFree) is { } free)
                {
                    left.Remove(free);
                    _running.Add(free);
                    return free;
                }
                changed = _changed.Task;
            }
            await changed.WaitAsync(stop);
        }
    }

    /// <summary>For a step of a group that runs: once more, when nothing else of the phase is left.</summary>
    public void PutOff(SqlStep step)
    {
        lock (_gate) _putOff.Add(step);
    }

    private StepGroup TakePutOff()
    {
        var group = new StepGroup([.. _putOff.OrderBy(s => _order[s.Id])], _putOff[0].Kind, InOrder, 0, Together: false) { IsAlone = true };
        _putOff.Clear();
        _running.Add(group);
        return group;
    }

    public void Done(StepGroup group)
    {
        lock (_gate)
        {
            _running.Remove(group);
            _changed.SetResult();
            _changed = New();
        }
    }

    // Indexes of one table are built side by side, and no key of it beside them.
    private bool IsFree(StepGroup group) => !_running.Exists(r => r.Key == group.Key && !(r.Kind == StepKind.Index && group.Kind == StepKind.Index))
        && !_phases[0].Left.Exists(g => g.Build is { } build && group.Steps.Any(s => s.Id == build.Key.Id));

    /// <summary>Long ones first, with what waits for them, so that no worker ends alone with one: of a table, therefore, keys before indexes, and validations before statistics.</summary>
    private static List<StepGroup> Sorted(IEnumerable<StepGroup> groups)
    {
        var all = groups.ToList();
        var longest = all.GroupBy(g => (g.Key, g.Kind)).ToDictionary(g => g.Key, g => g.Max(x => x.Work));
        return [.. all.OrderByDescending(g => g.Work + longest.Where(l => l.Key.Key == g.Key && l.Key.Kind > g.Kind).Sum(l => l.Value))];
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
