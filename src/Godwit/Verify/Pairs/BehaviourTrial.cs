using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>
/// Lets each subject try each command on each table and view, on both sides, and compares what comes of it: row sets by their hashes, refusals by
/// SQLSTATE. Writes name rows that the source holds: an UPDATE sets a column to itself, an INSERT repeats a row with all its values, so that no
/// default is evaluated and policies answer before the key does.
/// </summary>
internal sealed partial class BehaviourTrial(PairSides sides, BehaviourRequest request, RowHash hash, PairRequest comparison)
{
    /// <summary>For how many subjects a relation took too long.</summary>
    private readonly Dictionary<PairTable, int> _slow = [];

    /// <summary>Tables with rows in quarantine, and the target with them, for the subject that is at work.</summary>
    private ImmutableArray<PairTable> _quarantined = [];
    private BehaviourAside? _aside;

    /// <summary>Rows of a write that is tried again because more took too long.</summary>
    private const int Few = 3;

    private static readonly string[] Commands = ["SELECT", "INSERT", "UPDATE", "DELETE"];

    public async Task<(ImmutableArray<BehaviourCell> Cells, ImmutableArray<VerifyCheck> Checks)> RunAsync(PairTables tables, CancellationToken ct)
    {
        var subjects = await BehaviourSubjects.FindAsync(sides.Source, request, ct);
        // Who is one with the target's admin, or nobody there, does not act in the application.
        if (request.Subjects.IsEmpty) subjects = [.. subjects.Where(s => !comparison.AbsentRoles.Contains(s.Role) && !comparison.MergedRoles.Contains(s.Role))];
        if (subjects.IsEmpty) return ([], [new("behaviour", Verdict.NotChecked, "no role is given anything by a grant or a policy, and no claims were given")]);
        var relations = tables.Named.Where(t => !t.Columns.IsEmpty).OrderBy(t => t.Name, StringComparer.Ordinal).ToList();
        var samples = new BehaviourSamples(sides.Source, hash);
        _quarantined = [.. tables.Compared.Where(t => t.FromAside is not null)];
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
        var there = subject with { Role = comparison.Roles.GetValueOrDefault(subject.Role, subject.Role) };
        BehaviourSession? source = null, target = null;
        var opening = sides.Source;
        try
        {
            source = await BehaviourSession.OpenAsync(sides.Source, subject, request.Depth == BehaviourDepth.Write, null, ct);
            opening = sides.Target;
            target = await BehaviourSession.OpenAsync(sides.Target, there, request.Depth == BehaviourDepth.Write, null, ct);
            _aside = _quarantined.IsEmpty ? null : new(sides.Target, there, _quarantined, request.Depth == BehaviourDepth.Write);
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
            if (_aside is not null) await _aside.DisposeAsync();
            _aside = null;
        }
    }

    private async Task<BehaviourCell?> CellAsync(BehaviourSubject subject, BehaviourSession source, BehaviourSession target, PairTable relation, string command, BehaviourSamples samples, CancellationToken ct)
    {
        BehaviourCell Cell(Outcome s, Outcome t, Verdict verdict, string? note = null) => new(subject.Name, relation.Name, command, s.Words, t.Words, verdict, note);
        if (command == "SELECT") return await SelectCellAsync(subject, source, target, relation, samples, ct);
        if (request.Depth == BehaviourDepth.Read || relation.Source.Kind is not ('r' or 'p')) return null;
        if (Outside().Match(relation.Source.TriggerCode + relation.Target.TriggerCode) is { Success: true } call)
            return Cell(Outcome.NotTried, Outcome.NotTried, Verdict.NotChecked, $"a trigger calls {call.Value.TrimEnd('(', ' ')}, which a rollback does not undo");
        var rows = await samples.OfAsync(relation, source, ct);
        // Nothing to write: whether it may be written is known all the same.
        if (rows.Count == 0)
            return await CompareAsync(relation, source, target, s => s.TryAsync(command == "INSERT" ? InsertNone(relation) : Write(command, relation, rows), "row", BehaviourLimits.Write, ct), (s, t, v, note) => Cell(s, t, v, "the table is empty: privileges alone" + (note is null ? "" : "; " + note)), writes: true, ct);
        if (command == "INSERT") return await CompareAsync(relation, source, target, s => InsertAsync(s, relation, rows, ct), Cell, writes: true, ct);
        var whole = await WriteCellAsync(rows);
        if (!IsSlow(whole) || rows.Count <= Few) return whole;
        // Last in the list are rows that the subject itself sees.
        var few = await WriteCellAsync([.. rows.TakeLast(Few)]);
        return IsSlow(few) ? few with { Note = $"{Few} rows took longer than {BehaviourLimits.Write.TotalSeconds:0} s: deletions cascade without an index, or triggers are slow" } : few with { Note = Of(Few, few.Note) };

        Task<BehaviourCell> WriteCellAsync(IReadOnlyList<BehaviourSamples.Row> some) => CompareAsync(relation, source, target, s => s.TryAsync(Write(command, relation, some), "row", BehaviourLimits.Write, ct), Cell, writes: true, ct);
    }

    /// <summary>Functions that the plan has replaced as a whole, which raise an error; "" where there are none. Those that it left out end otherwise.</summary>
    private string StandIns() => string.Join(", ", comparison.Promised.Where(p => p is { Kind: "function", Aspect: null } && p.Name.EndsWith("(*)", StringComparison.Ordinal)).Select(p => p.Name[..^3] + "()"));

    private async Task<BehaviourCell> CompareAsync(PairTable relation, BehaviourSession source, BehaviourSession target, Func<BehaviourSession, Task<Outcome>> attempt, Func<Outcome, Outcome, Verdict, string?, BehaviourCell> cell, bool writes, CancellationToken ct)
    {
        var (s, t) = await BothAsync(source, target, attempt);
        if (s.Unsure || t.Unsure) return cell(s, t, Verdict.NotChecked, null);
        if (s == t) return cell(s, t, Verdict.Equal, null);
        if (t.Words.Contains("(0A000)", StringComparison.Ordinal) && StandIns() is { Length: > 0 } standIns) return cell(s, t, Verdict.NotChecked, $"as announced: what stands in for {standIns} raises an error");
        var others = s.Words == t.Words ? "other rows" : null;
        if (_aside is not null)
        {
            var whole = await _aside.SessionAsync(ct) is { } session ? await attempt(session) : Outcome.NotTried;
            await _aside.ReleaseAsync();
            if (whole == s) return cell(s, t, Verdict.Equal, "as in the source with the rows in quarantine put back, for this trial; it differs by these rows alone");
            // Of a row that the transaction itself put there, an UPDATE asks for the parent again, though its key stays as it is.
            var isDecided = _aside.WhyNot is null && !whole.Unsure && !(writes && whole.Words.Contains("(23503)", StringComparison.Ordinal)) && relation.OfAside is not { Stored: true };
            if (!isDecided && relation.OfAside is { } reads && (writes || !reads.OnlyWrites))
                return cell(s, t, Verdict.NotChecked, "rows that it shows, or that a policy, a function or a key reads, are in quarantine" + (_aside.WhyNot is { } why ? $", and could not be put back for this trial ({why})" : ""));
            if (isDecided && relation.OfAside is not null) others = others is null ? "so, too, with the rows in quarantine put back" : others + "; so, too, with the rows in quarantine put back";
        }
        // A view of random() or clock_timestamp() differs from itself.
        return await attempt(source) == s ? cell(s, t, Verdict.Different, others) : cell(s, t, Verdict.NotChecked, "the source itself answers otherwise from one time to the next");
    }

    private static async Task<(Outcome Source, Outcome Target)> BothAsync(BehaviourSession source, BehaviourSession target, Func<BehaviourSession, Task<Outcome>> attempt)
    {
        var left = attempt(source);
        var right = attempt(target);
        await Task.WhenAll(left, right);
        return (await left, await right);
    }

    /// <summary>The whole relation where that is quick; else some of its rows, and some that the subject sees; else the whole, if that ends in time.</summary>
    private async Task<BehaviourCell> SelectCellAsync(BehaviourSubject subject, BehaviourSession source, BehaviourSession target, PairTable relation, BehaviourSamples samples, CancellationToken ct)
    {
        BehaviourCell Cell(Outcome s, Outcome t, Verdict verdict, string? note) => new(subject.Name, relation.Name, "SELECT", s.Words, t.Words, verdict, note);
        var tries = _slow.GetValueOrDefault(relation);
        if (relation.Source.Rows <= BehaviourSamples.Large && tries < BehaviourLimits.Tries)
        {
            var whole = await CompareAsync(relation, source, target, s => SelectAsync(s, relation, null, BehaviourLimits.Whole, ct), Cell, writes: false, ct);
            if (!IsSlow(whole)) return whole;
            _slow[relation] = tries + 1;
        }
        if (await samples.OfAsync(relation, source, ct) is { Count: > 0 } some
            && await CompareAsync(relation, source, target, s => SelectAsync(s, relation, some, BehaviourLimits.Some, ct), (s, t, v, note) => Cell(s, t, v, Of(some.Count, note)), writes: false, ct) is var part && !IsSlow(part)) return part;
        if (tries >= BehaviourLimits.Tries) return Cell(Outcome.TooSlow, Outcome.TooSlow, Verdict.NotChecked, "it took too long for others, in whole and in part");
        return await CompareAsync(relation, source, target, s => SelectAsync(s, relation, null, BehaviourLimits.Some, ct), Cell, writes: false, ct);
    }

    private static bool IsSlow(BehaviourCell cell) => cell.Source == Outcome.TooSlow.Words || cell.Target == Outcome.TooSlow.Words;

    private static string Of(int rows, string? note) => $"of {rows} rows that were tried{(note is null ? "" : "; " + note)}";

    private async Task<Outcome> SelectAsync(BehaviourSession session, PairTable relation, IReadOnlyList<BehaviourSamples.Row>? sample, TimeSpan limit, CancellationToken ct)
    {
        string Sql(IReadOnlyList<PairColumn> columns) => $"SELECT count(*), coalesce(sum({hash.Of(columns)}), 0) FROM {relation.Name} AS t{(sample is null ? "" : " WHERE " + BehaviourSamples.Where(relation, sample))}";
        var whole = await session.TryAsync(Sql(relation.Columns), "row", limit, ct);
        if (!whole.Words.Contains("42501", StringComparison.Ordinal)) return whole;
        // Some columns may be granted alone.
        var granted = (await session.RowsAsync($"SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {SqlText.Literal(relation.Source.Name.Schema!)} AND c.relname = {SqlText.Literal(relation.Source.Name.Name)} AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')", BehaviourLimits.Some, ct))
            .Select(r => r[0]!).ToHashSet(StringComparer.Ordinal);
        var columns = relation.Columns.Where(c => granted.Contains(c.Name)).ToList();
        if (columns.Count == 0 || columns.Count == relation.Columns.Length) return whole;
        var some = await session.TryAsync(Sql(columns), "row", limit, ct);
        return some with { Words = $"{some.Words} of {string.Join(", ", columns.Select(c => c.Name))}" };
    }

    /// <summary>UPDATE or DELETE of the sample's rows, telling which of them were reached.</summary>
    private string Write(string command, PairTable relation, IReadOnlyList<BehaviourSamples.Row> rows)
    {
        var where = rows.Count == 0 ? "false" : BehaviourSamples.Where(relation, rows);
        var key = hash.Of(relation.Key.IsEmpty ? relation.Columns : relation.Key);
        var settable = relation.Columns.FirstOrDefault(c => !c.IsGenerated && !relation.Key.Contains(c)) ?? relation.Columns.FirstOrDefault(c => !c.IsGenerated);
        var what = command == "DELETE" ? $"DELETE FROM {relation.Name} AS t" : $"UPDATE {relation.Name} AS t SET {SqlName.AlwaysQuote(settable?.Name ?? relation.Columns[0].Name)} = {(settable ?? relation.Columns[0]).Quoted}";
        return $"WITH done AS ({what} WHERE {where} RETURNING {key} AS k) SELECT count(*), coalesce(sum(k), 0) FROM done";
    }

    private static string InsertNone(PairTable relation)
    {
        var columns = relation.Columns.Where(c => !c.IsGenerated).ToList();
        return $"WITH done AS (INSERT INTO {relation.Name} ({string.Join(", ", columns.Select(c => SqlName.AlwaysQuote(c.Name)))}) OVERRIDING SYSTEM VALUE SELECT {string.Join(", ", columns.Select(c => $"NULL::{c.Type}"))} WHERE false RETURNING 1) SELECT count(*), 0 FROM done";
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
                await session.RowsAsync(sql, BehaviourLimits.Write, ct);
                outcomes.Add(new("admitted", 0));
            }
            catch (PostgresException e)
            {
                // The policy came before the key: it has admitted the row. Which of several keys is asked first (an exclusion constraint is one: 23P01) depends on
                // the order in which they were made.
                outcomes.Add(e.SqlState is "23505" or "23P01" ? new("admitted, the key exists (23505)", 0) : Outcome.Refused(e));
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
            foreach (var row in await TextRows.ReadAsync(sides[isSource].Main, "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value FROM pg_sequences", ct)) states[(isSource, row[0]!)] = row[1];
        return states;
    }

    private async Task<string> MovedAsync(Dictionary<(bool, string), string?> before, CancellationToken ct)
    {
        var after = await SequencesAsync(ct);
        return string.Join(", ", after.Where(s => before.TryGetValue(s.Key, out var was) && was != s.Value).Select(s => $"{s.Key.Item2} of the {(s.Key.Item1 ? "source" : "target")}").Order(StringComparer.Ordinal).Take(20));
    }

    // What acts at once, outside of the transaction. net.http_post waits for the commit, which never comes.
    [GeneratedRegex(@"\b(?:dblink\w*|(?<!net\.|supabase_functions\.)http(?:_\w+)?|setval|pg_background_\w+|lo_export|pg_file_\w+)\s*\(", RegexOptions.IgnoreCase)]
    private static partial Regex Outside();
}
