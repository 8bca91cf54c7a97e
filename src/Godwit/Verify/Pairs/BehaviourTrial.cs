using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>
/// Lets each subject try each command on each table and view, on both sides, and compares what comes of it: row sets by their hashes, refusals by
/// SQLSTATE. Writes name rows that the source holds: an UPDATE sets a column to itself, an INSERT repeats a row with all its values, so that no
/// default is evaluated and policies answer before the key does.
/// </summary>
internal sealed partial class BehaviourTrial(PairSides sides, BehaviourRequest request, RowHash hash, IReadOnlyDictionary<string, string> roles)
{
    private static readonly string[] Commands = ["SELECT", "INSERT", "UPDATE", "DELETE"];

    public async Task<(ImmutableArray<BehaviourCell> Cells, ImmutableArray<VerifyCheck> Checks)> RunAsync(PairTables tables, CancellationToken ct)
    {
        var subjects = await BehaviourSubjects.FindAsync(sides.Source, request, ct);
        if (subjects.IsEmpty) return ([], [new("behaviour", Verdict.NotChecked, "no role is given anything by a grant or a policy, and no claims were given")]);
        var relations = tables.Named.Where(t => !t.Columns.IsEmpty).OrderBy(t => t.Name, StringComparer.Ordinal).ToList();
        var samples = new BehaviourSamples(sides.Source, hash);
        var before = request.Depth == BehaviourDepth.Write ? await SequencesAsync(ct) : [];
        var cells = ImmutableArray.CreateBuilder<BehaviourCell>();
        var checks = ImmutableArray.CreateBuilder<VerifyCheck>();
        foreach (var subject in subjects) await SubjectAsync(subject, relations, samples, cells, checks, ct);
        int Count(Verdict verdict) => cells.Count(c => c.Verdict == verdict);
        checks.Insert(0, new("behaviour", Count(Verdict.Different) > 0 ? Verdict.Different : Count(Verdict.Equal) > 0 ? Verdict.Equal : Verdict.NotChecked,
            $"{subjects.Length:N0} roles and users, {relations.Count:N0} tables and views, {(request.Depth == BehaviourDepth.Read ? "SELECT only" : "SELECT, INSERT, UPDATE, DELETE")}: {Count(Verdict.Equal):N0} equal, {Count(Verdict.Different):N0} different, {Count(Verdict.NotChecked):N0} not checked"));
        if (request.Depth == BehaviourDepth.Write && await MovedAsync(before, ct) is { Length: > 0 } moved)
            checks.Add(new("sequences", Verdict.NotChecked, $"triggers took numbers during the trial, which no rollback gives back: {moved}"));
        return (cells.ToImmutable(), checks.ToImmutable());
    }

    private async Task SubjectAsync(BehaviourSubject subject, List<PairTable> relations, BehaviourSamples samples, ImmutableArray<BehaviourCell>.Builder cells, ImmutableArray<VerifyCheck>.Builder checks, CancellationToken ct)
    {
        var there = subject with { Role = roles.GetValueOrDefault(subject.Role, subject.Role) };
        BehaviourSession? source = null, target = null;
        var opening = sides.Source;
        try
        {
            source = await BehaviourSession.OpenAsync(sides.Source, subject, request.Depth, ct);
            opening = sides.Target;
            target = await BehaviourSession.OpenAsync(sides.Target, there, request.Depth, ct);
            foreach (var relation in relations)
                foreach (var command in Commands)
                    if (await CellAsync(subject, source, target, relation, command, samples, ct) is { } cell) cells.Add(cell);
        }
        catch (PostgresException e) when (source is null || target is null)
        {
            checks.Add(new($"behaviour of {subject.Name}", e.SqlState == "22023" ? Verdict.Different : Verdict.NotChecked, $"the {opening.Word} does not let it be tried (SQLSTATE {e.SqlState}): {e.MessageText}"));
        }
        finally
        {
            if (source is not null) await source.DisposeAsync();
            if (target is not null) await target.DisposeAsync();
        }
    }

    private async Task<BehaviourCell?> CellAsync(BehaviourSubject subject, BehaviourSession source, BehaviourSession target, PairTable relation, string command, BehaviourSamples samples, CancellationToken ct)
    {
        BehaviourCell Cell(Outcome s, Outcome t, Verdict verdict, string? note = null) => new(subject.Name, relation.Name, command, s.Words, t.Words, verdict, note);
        if (command == "SELECT")
        {
            // Once a subject, a scan of a large table would cost more than the comparison of its rows.
            var some = relation.Source.Rows > BehaviourSamples.Large && !relation.Key.IsEmpty ? await samples.OfAsync(relation, source, ct) : null;
            return await CompareAsync(s => SelectAsync(s, relation, some, ct), (s, t, v, note) => Cell(s, t, v, some is null ? note : $"of {some.Count} rows that were tried{(note is null ? "" : "; " + note)}"));
        }
        if (request.Depth == BehaviourDepth.Read || relation.Source.Kind is not ('r' or 'p')) return null;
        if (Outside().Match(relation.Source.TriggerCode + relation.Target.TriggerCode) is { Success: true } call)
            return Cell(new("not tried", 0), new("not tried", 0), Verdict.NotChecked, $"a trigger calls {call.Value.TrimEnd('(', ' ')}, which a rollback does not undo");
        var rows = await samples.OfAsync(relation, source, ct);
        if (rows.Count == 0) return Cell(new("not tried", 0), new("not tried", 0), Verdict.NotChecked, "the table is empty");
        return command == "INSERT" ? await CompareAsync(s => InsertAsync(s, relation, rows, ct), Cell) : await CompareAsync(s => s.TryAsync(Write(command, relation, rows), "row", ct), Cell);

        async Task<BehaviourCell> CompareAsync(Func<BehaviourSession, Task<Outcome>> attempt, Func<Outcome, Outcome, Verdict, string?, BehaviourCell> cell)
        {
            var left = attempt(source);
            var right = attempt(target);
            await Task.WhenAll(left, right);
            var (s, t) = (await left, await right);
            if (s.Unsure || t.Unsure) return cell(s, t, Verdict.NotChecked, null);
            if (s == t) return cell(s, t, Verdict.Equal, null);
            // A view of random() or clock_timestamp() differs from itself.
            return await attempt(source) == s ? cell(s, t, Verdict.Different, s.Words == t.Words ? "other rows" : null) : cell(s, t, Verdict.NotChecked, "the source itself answers otherwise from one time to the next");
        }
    }

    private async Task<Outcome> SelectAsync(BehaviourSession session, PairTable relation, IReadOnlyList<BehaviourSamples.Row>? sample, CancellationToken ct)
    {
        string Sql(IReadOnlyList<PairColumn> columns) => $"SELECT count(*), coalesce(sum({hash.Of(columns)}), 0) FROM {relation.Name} AS t{(sample is null ? "" : $" WHERE {string.Join(" OR ", sample.Select(r => r.Condition))}")}";
        var whole = await session.TryAsync(Sql(relation.Columns), "row", ct);
        if (!whole.Words.Contains("42501", StringComparison.Ordinal)) return whole;
        // Some columns may be granted alone.
        var granted = (await session.RowsAsync($"SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {SqlText.Literal(relation.Source.Name.Schema!)} AND c.relname = {SqlText.Literal(relation.Source.Name.Name)} AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')", ct))
            .Select(r => r[0]!).ToHashSet(StringComparer.Ordinal);
        var columns = relation.Columns.Where(c => granted.Contains(c.Name)).ToList();
        if (columns.Count == 0 || columns.Count == relation.Columns.Length) return whole;
        var some = await session.TryAsync(Sql(columns), "row", ct);
        return some with { Words = $"{some.Words} of {string.Join(", ", columns.Select(c => c.Name))}" };
    }

    /// <summary>UPDATE or DELETE of the sample's rows, telling which of them were reached.</summary>
    private string Write(string command, PairTable relation, IReadOnlyList<BehaviourSamples.Row> rows)
    {
        var where = string.Join(" OR ", rows.Select(r => r.Condition));
        var key = hash.Of(relation.Key.IsEmpty ? relation.Columns : relation.Key);
        var settable = relation.Columns.FirstOrDefault(c => !c.IsGenerated && !relation.Key.Contains(c)) ?? relation.Columns.FirstOrDefault(c => !c.IsGenerated);
        var what = command == "DELETE" ? $"DELETE FROM {relation.Name} AS t" : $"UPDATE {relation.Name} AS t SET {SqlName.AlwaysQuote(settable?.Name ?? relation.Columns[0].Name)} = {(settable ?? relation.Columns[0]).Quoted}";
        return $"WITH done AS ({what} WHERE {where} RETURNING {key} AS k) SELECT count(*), coalesce(sum(k), 0) FROM done";
    }

    /// <summary>Each row by itself: what the server says of it.</summary>
    private static async Task<Outcome> InsertAsync(BehaviourSession session, PairTable relation, IReadOnlyList<BehaviourSamples.Row> rows, CancellationToken ct)
    {
        const int Tried = 6;
        var columns = relation.Columns.Where(c => !c.IsGenerated).ToList();
        var outcomes = new List<Outcome>();
        foreach (var row in rows.TakeLast(Tried))
        {
            var sql = $"INSERT INTO {relation.Name} ({string.Join(", ", columns.Select(c => SqlName.AlwaysQuote(c.Name)))}) OVERRIDING SYSTEM VALUE VALUES ({string.Join(", ", columns.Select(c => row.Literal(relation, c)))})";
            try
            {
                await session.RowsAsync(sql, ct);
                outcomes.Add(new("admitted", 0));
            }
            catch (PostgresException e)
            {
                // The policy came before the key: it has admitted the row.
                outcomes.Add(e.SqlState == "23505" ? new("admitted, the key exists (23505)", 0) : Outcome.Refused(e));
            }
        }
        var words = outcomes.Select(o => o.Words).GroupBy(w => w).Select(g => g.Count() == outcomes.Count ? $"each of {outcomes.Count} rows {g.Key}" : $"{g.Count()} {g.Key}");
        var order = outcomes.Aggregate(0, (sum, o) => sum * 31 + o.Words.Sum(c => c));
        return new(string.Join("; ", words), order, outcomes.Any(o => o.Unsure));
    }

    private async Task<Dictionary<(bool, string), string?>> SequencesAsync(CancellationToken ct)
    {
        var states = new Dictionary<(bool, string), string?>();
        foreach (var isSource in (bool[])[true, false])
            foreach (var row in await PairSide.RowsAsync(sides[isSource].Main, "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value FROM pg_sequences", ct)) states[(isSource, row[0]!)] = row[1];
        return states;
    }

    private async Task<string> MovedAsync(Dictionary<(bool, string), string?> before, CancellationToken ct)
    {
        var after = await SequencesAsync(ct);
        return string.Join(", ", after.Where(s => before.TryGetValue(s.Key, out var was) && was != s.Value).Select(s => $"{s.Key.Item2} of the {(s.Key.Item1 ? "source" : "target")}").Order(StringComparer.Ordinal).Take(20));
    }

    // What acts at once, outside of the transaction. net.http_post waits for the commit, which never comes.
    [GeneratedRegex(@"\b(?:dblink\w*|(?<!net\.)http(?:_\w+)?|setval|pg_background_\w+|lo_export|pg_file_\w+)\s*\(", RegexOptions.IgnoreCase)]
    private static partial Regex Outside();
}
