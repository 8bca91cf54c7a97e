using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Godwit.Source;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>Who tries: what the caller names, else the roles that hold privileges, and users of each sort where there is an auth.users.</summary>
internal static class BehaviourSubjects
{
    private const int MostRoles = 12;
    private const int MostUsers = 8;
    private const int OfEachSort = 2;

    public static async Task<ImmutableArray<BehaviourSubject>> FindAsync(PairSide side, BehaviourRequest request, CancellationToken ct)
    {
        if (!request.Subjects.IsEmpty) return request.Subjects;
        var subjects = ImmutableArray.CreateBuilder<BehaviourSubject>();
        foreach (var (user, hasFactor) in await UsersAsync(side, ct))
        {
            subjects.Add(Of(user, "aal1"));
            // With a second factor, the same user may have proven it or not.
            if (hasFactor) subjects.Add(Of(user, "aal2"));
        }
        var taken = subjects.Select(s => s.Role).ToHashSet(StringComparer.Ordinal);
        await using var roles = await side.ConnectAsync(ct);
        foreach (var row in (await TextRows.ReadAsync(roles, PairSql.Read("subject-roles"), ct)).Where(r => !taken.Contains(r[0]!)).Take(MostRoles))
            subjects.Add(new(row[0]!, row[0]!, row[0] is "anon" or "service_role" or "authenticated" ? new JsonObject { ["role"] = row[0] }.ToJsonString() : null));
        return subjects.ToImmutable();
    }

    private static BehaviourSubject Of(string?[] user, string level)
    {
        var claims = JsonNode.Parse(user[3]!)!.AsObject();
        claims["aal"] = level;
        return new($"{user[1]} {user[0]} ({level})", user[1]!, claims.ToJsonString());
    }

    private static async Task<List<(string?[] User, bool HasFactor)>> UsersAsync(PairSide side, CancellationToken ct)
    {
        await using var connection = await side.ConnectAsync(ct);
        try
        {
            var there = (await TextRows.ReadAsync(connection, "SELECT to_regclass('auth.users') IS NOT NULL, to_regclass('auth.mfa_factors') IS NOT NULL", ct))[0];
            if (there[0] != "t") return [];
            var factors = there[1] == "t" ? (await TextRows.ReadAsync(connection, PairSql.Read("subject-factors"), ct)).Select(r => r[0]!).ToHashSet(StringComparer.Ordinal) : [];
            var users = await TextRows.ReadAsync(connection, PairSql.Read("subject-users"), ct);
            // Round by round: one of each sort, then a second of each.
            return [.. users.Select(u => (User: u, HasFactor: factors.Contains(u[0]!))).GroupBy(u => (u.User[2], u.HasFactor)).SelectMany(g => g.Take(OfEachSort).Select((u, i) => (Round: i, u)))
                .OrderBy(x => x.Round).Select(x => x.u).Take(MostUsers)];
        }
        catch (PostgresException)
        {
            // Another table of that name, or one that this role may not read: the roles alone remain.
            return [];
        }
    }
}
