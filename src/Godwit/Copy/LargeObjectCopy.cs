using System.Collections.Immutable;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Copy;

/// <summary>
/// Large objects of a PostgreSQL source: under their own numbers, with owner, comment and rights. Read and written by functions that need no
/// superuser; each object and the journal's fact of it commit together.
/// </summary>
public sealed class LargeObjectCopy(IPostgresSnapshot snapshot, ITarget target, Guid run, TargetInventory inventory, IProgress<MigrationEvent> progress, TimeProvider clock)
{
    private const int PieceBytes = 1 << 20;
    private static readonly string List = EmbeddedSql.Read("Copy/Sql/large_objects.sql");

    private sealed record LargeObject(uint Oid, string Owner, string? Comment, ImmutableArray<(string Role, string Rights, bool Grantable)> Rights);

    /// <summary>Copies the objects that the journal does not know as done. Returns how many there are.</summary>
    public async Task<long> RunAsync(CancellationToken stop)
    {
        var began = clock.GetTimestamp();
        long count = 0;
        try
        {
            await using var from = await snapshot.ConnectAsync(stop);
            var objects = await ListAsync(from, stop);
            if (objects.IsEmpty) return 0;
            progress.Report(new MigrationEvent.TableStarted(Stage.Copy, LargeObjectJournal.Table, objects.Length));
            await using var to = await target.ConnectAsync(stop);
            var done = await LargeObjectJournal.DoneAsync(to, run, stop);
            foreach (var one in objects)
            {
                stop.ThrowIfCancellationRequested();
                if (!done.Contains(one.Oid)) await CopyAsync(from, to, one, stop);
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

    private async Task CopyAsync(NpgsqlConnection from, NpgsqlConnection to, LargeObject one, CancellationToken ct)
    {
        await using var transaction = await to.BeginTransactionAsync(ct);
        await ExecuteAsync(to, $"SELECT lo_create({one.Oid})", ct);
        for (long at = 0; ; at += PieceBytes)
        {
            var piece = await ReadAsync(from, one.Oid, at, ct);
            if (piece.Length == 0) break;
            await using var put = new NpgsqlCommand($"SELECT lo_put({one.Oid}, {at}, $1)", to) { Parameters = { new() { Value = piece } } };
            await put.ExecuteNonQueryAsync(ct);
            if (piece.Length < PieceBytes) break;
        }
        if (one.Comment is { } comment) await ExecuteAsync(to, $"COMMENT ON LARGE OBJECT {one.Oid} IS {SqlText.Literal(comment)}", ct);
        foreach (var (role, rights, grantable) in one.Rights)
            if (role == "public" || inventory.Roles.Contains(role))
                await ExecuteAsync(to, $"GRANT {rights} ON LARGE OBJECT {one.Oid} TO {(role == "public" ? "PUBLIC" : SqlName.Quote(role))}{(grantable ? " WITH GRANT OPTION" : "")}", ct);
        // Last: who gives it away may not touch it any more.
        if (one.Owner != inventory.Role && inventory.Roles.Contains(one.Owner) && (inventory.IsSuperuser || inventory.OwnRoles.Contains(one.Owner)))
            await ExecuteAsync(to, $"ALTER LARGE OBJECT {one.Oid} OWNER TO {SqlName.Quote(one.Owner)}", ct);
        await LargeObjectJournal.ObjectDoneAsync(to, run, one.Oid, ct);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private static async Task<byte[]> ReadAsync(NpgsqlConnection from, uint oid, long at, CancellationToken ct)
    {
        try
        {
            await using var get = new NpgsqlCommand($"SELECT lo_get({oid}, {at}, {PieceBytes})", from);
            return (byte[])(await get.ExecuteScalarAsync(ct))!;
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

    private static async Task<ImmutableArray<LargeObject>> ListAsync(NpgsqlConnection from, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(List, from);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = ImmutableArray.CreateBuilder<LargeObject>();
        while (await reader.ReadAsync(ct))
        {
            var (roles, rights, grantable) = (reader.GetFieldValue<string[]>(3), reader.GetFieldValue<string[]>(4), reader.GetFieldValue<bool[]>(5));
            found.Add(new((uint)reader.GetInt64(0), reader.GetString(1), await reader.IsDBNullAsync(2, ct) ? null : reader.GetString(2), [.. roles.Select((r, i) => (r, rights[i], grantable[i]))]));
        }
        return found.ToImmutable();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
