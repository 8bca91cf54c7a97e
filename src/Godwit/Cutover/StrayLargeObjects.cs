using System.Collections.Immutable;
using System.Data;
using Godwit.Follow.Logical;
using Godwit.Journal;
using Godwit.Target;
using Godwit.Verify.Pairs;
using Npgsql;

namespace Godwit.Cutover;

/// <summary>
/// Large objects, of which neither a log nor a trigger tells: all of both databases are compared, and those that differ brought over under their own numbers.
/// The journal of the new side knows which are this migration's: that is <paramref name="from"/> where they come <paramref name="back"/>, else <paramref name="to"/>.
/// </summary>
internal sealed class StrayLargeObjects(StreamEnd from, StreamEnd to, Guid run, bool back)
{
    // Each is locked until the transaction ends, and a server has room for a few thousand locks.
    private const int InOneTransaction = 100;

    private const string Exist = "select exists (select from pg_largeobject_metadata)", Numbers = "select oid from pg_largeobject_metadata", BeforeSums = "godwit_sums";

    /// <summary>Of either side.</summary>
    public async Task<bool> ExistAsync(CancellationToken ct) => await ExistThereAsync(ct) || await ExistAsync(to, ct);

    public Task<bool> ExistThereAsync(CancellationToken ct) => ExistAsync(from, ct);

    private static async Task<bool> ExistAsync(StreamEnd end, CancellationToken ct)
    {
        await using var connection = await end.ConnectAsync(ct);
        await using var command = new NpgsqlCommand(Exist, connection);
        return await AtAsync(end, async () => await command.ExecuteScalarAsync(ct) is true, "Looking for large objects");
    }

    /// <summary>
    /// Brings over what was made, changed or removed at the other side. What the side written to has alone, and this migration never brought, stays. Returns how
    /// many were written and removed. Owner, comment and rights come with an object that is made; one that is there keeps its own.
    /// </summary>
    public async Task<(int Written, int Removed)> BringAsync(CancellationToken ct)
    {
        await using var there = await from.ConnectAsync(ct);
        await using var here = await to.DefineAsync(ct);
        // One moment: an object that is removed meanwhile can still be read.
        await using var moment = await AtAsync(from, async () => await there.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct), "Reading large objects");
        var differences = await AtAsync(from, () => FindAsync(moment, there, here, ct), "Comparing large objects");
        if (differences is { Missing: [], Changed: [], Extra: [] } && !back) return (0, 0);
        var known = await AtAsync(back ? from : to, () => LargeObjectJournal.DoneAsync(back ? there : here, run, ct), "reading the journal");
        var made = differences.Missing.IsEmpty ? [] : (await AtAsync(from, () => LargeObject.ListAsync(there, ct), "Reading large objects")).ToDictionary(o => o.Oid);
        Func<long, Task<byte[]>> Reader(uint oid) => at => AtAsync(from, () => LargeObject.ReadAsync(there, oid, at, ct), $"Reading large object {oid}");
        try
        {
            var writer = await LargeObjectWriter.OpenAsync(here, ct);
            var written = await EachAsync(here, differences.Missing, async oid =>
            {
                await writer.MakeAsync(made[oid], Reader(oid), ct);
                if (!back && !known.Contains(oid)) await LargeObjectJournal.ObjectDoneAsync(here, run, oid, ct);
                return true;
            }, ct);
            written += await EachAsync(here, differences.Changed, oid => back || known.Contains(oid) ? writer.AdaptAsync(oid, Reader(oid), ct)
                : throw new GodwitException(ErrorKind.Blocked, "cutover-large-object-taken", $"Large object {oid} of {to.Display} is not of this migration, and {from.Display} has one of that number, too.",
                    $"Remove it there, if nobody needs it: SELECT lo_unlink({oid}). Then cut over again."), ct);
            var removed = await EachAsync(here, [.. differences.Extra.Where(known.Contains)], async oid =>
            {
                await writer.RemoveAsync(oid, ct);
                return true;
            }, ct);
            if (!back) return (written, removed);
            // What was made at the new side is this migration's from now on: removed at the old one, it goes with the next cutover.
            await moment.RollbackAsync(ct);
            await AtAsync(from, () => LargeObjectJournal.AllDoneAsync(there, run, ct), "writing the journal");
            return (written, removed);
        }
        catch (NpgsqlException e)
        {
            throw to.Map(e, "Bringing over large objects");
        }
    }

    /// <summary>Where their bytes cannot be summed up at once, those that both have count as different: they are compared piece by piece.</summary>
    private static async Task<LargeObjectDifferences> FindAsync(NpgsqlTransaction moment, NpgsqlConnection there, NpgsqlConnection here, CancellationToken ct)
    {
        await moment.SaveAsync(BeforeSums, ct);
        try
        {
            return await LargeObjectDifferences.FindAsync(there, here, ct);
        }
        catch (PostgresException e) when (LargeObjectDifferences.IsTooMuch(e))
        {
            await moment.RollbackAsync(BeforeSums, ct);
            var (theirs, ours) = (await NumbersAsync(there, ct), await NumbersAsync(here, ct));
            return new(theirs.Count, [.. theirs.Except(ours)], [.. ours.Except(theirs)], [.. theirs.Intersect(ours)]);
        }
    }

    /// <summary>Some in each transaction. Returns how many <paramref name="change"/> has changed.</summary>
    private static async Task<int> EachAsync(NpgsqlConnection here, ImmutableArray<uint> objects, Func<uint, Task<bool>> change, CancellationToken ct)
    {
        var changed = 0;
        foreach (var some in objects.Chunk(InOneTransaction))
        {
            await using var transaction = await here.BeginTransactionAsync(ct);
            foreach (var oid in some)
                if (await change(oid)) changed++;
            Failpoints.Hit(Failpoints.LargeObjectsWritten);
            await transaction.CommitAsync(CancellationToken.None);
            Failpoints.Hit(Failpoints.LargeObjectsBrought);
        }
        return changed;
    }

    private static async Task<List<uint>> NumbersAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Numbers, connection);
        await using var row = await command.ExecuteReaderAsync(ct);
        var numbers = new List<uint>();
        while (await row.ReadAsync(ct)) numbers.Add(row.GetFieldValue<uint>(0));
        return numbers;
    }

    private static async Task<T> AtAsync<T>(StreamEnd end, Func<Task<T>> ask, string doing)
    {
        try
        {
            return await ask();
        }
        catch (NpgsqlException e)
        {
            throw end.Map(e, doing);
        }
    }
}
