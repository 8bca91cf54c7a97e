using Godwit.Journal;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Copy;

/// <summary>
/// Large objects of a PostgreSQL source: under their own numbers, with owner, comment and rights. Each object and the journal's fact of it commit together.
/// </summary>
public sealed class LargeObjectCopy(IPostgresSnapshot snapshot, ITarget target, Guid run, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    /// <summary>Copies the objects that the journal does not know as done. Returns how many there are.</summary>
    public async Task<long> RunAsync(CancellationToken stop)
    {
        var began = clock.GetTimestamp();
        long count = 0;
        try
        {
            await using var from = await snapshot.ConnectAsync(stop);
            var objects = await LargeObject.ListAsync(from, stop);
            if (objects.IsEmpty) return 0;
            progress.Report(new MigrationEvent.TableStarted(Stage.Copy, LargeObjectJournal.Table, objects.Length));
            await using var to = await target.ConnectAsync(stop);
            var writer = await LargeObjectWriter.OpenAsync(to, stop);
            var done = await LargeObjectJournal.DoneAsync(to, run, stop);
            foreach (var one in objects)
            {
                stop.ThrowIfCancellationRequested();
                if (!done.Contains(one.Oid)) await CopyAsync(from, to, writer, one, stop);
                progress.Report(new MigrationEvent.TableProgress(Stage.Copy, LargeObjectJournal.Table, ++count, 0));
            }
            progress.Report(new MigrationEvent.TableFinished(Stage.Copy, LargeObjectJournal.Table, count, 0, clock.GetElapsedTime(began)));
            return count;
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "copying large objects");
        }
    }

    private async Task CopyAsync(NpgsqlConnection from, NpgsqlConnection to, LargeObjectWriter writer, LargeObject one, CancellationToken ct)
    {
        await using var transaction = await to.BeginTransactionAsync(ct);
        await writer.MakeAsync(one, at => ReadAsync(from, one.Oid, at, ct), ct);
        await LargeObjectJournal.ObjectDoneAsync(to, run, one.Oid, ct);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private static async Task<byte[]> ReadAsync(NpgsqlConnection from, uint oid, long at, CancellationToken ct)
    {
        try
        {
            return await LargeObject.ReadAsync(from, oid, at, ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "source-no-privilege", $"The role may not read large object {oid}.", $"GRANT SELECT ON LARGE OBJECT {oid} TO role; or sign in as a superuser.", e) { SqlState = e.SqlState };
        }
        catch (NpgsqlException e)
        {
            throw new GodwitException(ErrorKind.SourceTransient, "source-connection-lost", $"Reading large object {oid} failed: {e.Message}", "Type the same command again: it resumes where it stopped.", e);
        }
    }
}
