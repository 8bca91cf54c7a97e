using System.Collections.Frozen;
using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Target;

/// <summary>A large object of a PostgreSQL database: its number, its owner, its comment, and the rights of others. Its content is read piece by piece.</summary>
public sealed record LargeObject(uint Oid, string Owner, string? Comment, ImmutableArray<(string Role, string Rights, bool Grantable)> Rights)
{
    public const int PieceBytes = 1 << 20;

    private static readonly string List = EmbeddedSql.Read("Target/Sql/large-objects.sql");

    /// <summary>All of the database, by their numbers.</summary>
    public static async Task<ImmutableArray<LargeObject>> ListAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(List, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var found = ImmutableArray.CreateBuilder<LargeObject>();
        while (await reader.ReadAsync(ct))
        {
            var (roles, rights, grantable) = (reader.GetFieldValue<string[]>(3), reader.GetFieldValue<string[]>(4), reader.GetFieldValue<bool[]>(5));
            found.Add(new((uint)reader.GetInt64(0), reader.GetString(1), await reader.IsDBNullAsync(2, ct) ? null : reader.GetString(2), [.. roles.Select((r, i) => (r, rights[i], grantable[i]))]));
        }
        return found.ToImmutable();
    }

    /// <summary>At most <see cref="PieceBytes"/> bytes from <paramref name="at"/> on; fewer are the last.</summary>
    public static async Task<byte[]> ReadAsync(NpgsqlConnection connection, uint oid, long at, CancellationToken ct)
    {
        await using var get = new NpgsqlCommand($"SELECT lo_get({oid}, {at}, {PieceBytes})", connection);
        return (byte[])(await get.ExecuteScalarAsync(ct))!;
    }
}

/// <summary>
/// Writes large objects of another database, under their own numbers, by functions that need no superuser. Each call belongs to the transaction that the
/// connection is in.
/// </summary>
public sealed class LargeObjectWriter
{
    // To write, of lo_open.
    private const int Writing = 0x20000;

    private readonly NpgsqlConnection _to;
    /// <summary>Of the server; true: the own role may act for it.</summary>
    private readonly FrozenDictionary<string, bool> _roles;
    private readonly string _role;

    private LargeObjectWriter(NpgsqlConnection to, string role, FrozenDictionary<string, bool> roles) => (_to, _role, _roles) = (to, role, roles);

    public static async Task<LargeObjectWriter> OpenAsync(NpgsqlConnection to, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT current_user::text, rolname::text, pg_has_role(oid, 'MEMBER') FROM pg_roles", to);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var (role, roles) = ("", new Dictionary<string, bool>(StringComparer.Ordinal));
        while (await reader.ReadAsync(ct))
        {
            role = reader.GetString(0);
            roles[reader.GetString(1)] = reader.GetBoolean(2);
        }
        return new(to, role, roles.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary><paramref name="read"/>: the bytes from a place on, as <see cref="LargeObject.ReadAsync"/> gives them.</summary>
    public async Task MakeAsync(LargeObject one, Func<long, Task<byte[]>> read, CancellationToken ct)
    {
        await ExecuteAsync($"SELECT lo_create({one.Oid})", ct);
        for (long at = 0; ; at += LargeObject.PieceBytes)
        {
            var piece = await read(at);
            if (piece.Length == 0) break;
            await PutAsync(one.Oid, at, piece, ct);
            if (piece.Length < LargeObject.PieceBytes) break;
        }
        if (one.Comment is { } comment) await ExecuteAsync($"COMMENT ON LARGE OBJECT {one.Oid} IS {SqlText.Literal(comment)}", ct);
        foreach (var (role, rights, grantable) in one.Rights)
            if (role == "public" || _roles.ContainsKey(role))
                await ExecuteAsync($"GRANT {rights} ON LARGE OBJECT {one.Oid} TO {(role == "public" ? "PUBLIC" : SqlName.Quote(role))}{(grantable ? " WITH GRANT OPTION" : "")}", ct);
        // Last: who gives it away may not touch it any more.
        if (one.Owner != _role && _roles.GetValueOrDefault(one.Owner)) await ExecuteAsync($"ALTER LARGE OBJECT {one.Oid} OWNER TO {SqlName.Quote(one.Owner)}", ct);
    }

    /// <summary>Gives an object that is there the content of the other one, where it differs. Returns whether it did.</summary>
    public async Task<bool> AdaptAsync(uint oid, Func<long, Task<byte[]>> read, CancellationToken ct)
    {
        var changed = false;
        for (long at = 0; ; at += LargeObject.PieceBytes)
        {
            var (theirs, ours) = (await read(at), await LargeObject.ReadAsync(_to, oid, at, ct));
            // What is longer here is cut off below.
            if (!theirs.AsSpan().SequenceEqual(ours.AsSpan(0, Math.Min(ours.Length, theirs.Length))))
            {
                await PutAsync(oid, at, theirs, ct);
                changed = true;
            }
            if (theirs.Length == LargeObject.PieceBytes) continue;
            if (ours.Length <= theirs.Length) return changed;
            await ExecuteAsync($"SELECT lo_truncate64(lo_open({oid}, {Writing}), {at + theirs.Length})", ct);
            return true;
        }
    }

    public Task RemoveAsync(uint oid, CancellationToken ct) => ExecuteAsync($"SELECT lo_unlink({oid})", ct);

    private async Task PutAsync(uint oid, long at, byte[] piece, CancellationToken ct)
    {
        await using var put = new NpgsqlCommand($"SELECT lo_put({oid}, {at}, $1)", _to) { Parameters = { new() { Value = piece } } };
        await put.ExecuteNonQueryAsync(ct);
    }

    private async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, _to);
        await command.ExecuteNonQueryAsync(ct);
    }
}
