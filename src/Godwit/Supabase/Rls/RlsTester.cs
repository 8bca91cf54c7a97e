using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Godwit.Schema;
using Godwit.Target;
using Npgsql;

namespace Godwit.Supabase.Rls;

/// <summary>
/// Asks the server as each role, table by table, with real rows, in transactions that are rolled back. Row locks are held for a moment,
/// and triggers fire; nothing stays.
/// </summary>
public sealed class RlsTester(NpgsqlConnection connection, RlsPlan plan)
{
    private enum Answer { Refused, Admitted, Unknown }

    private readonly ProbeRowFinder _finder = new(connection, plan);
    private string? _unknown;

    /// <summary>Keeps the matrix in <c>godwit.rls</c> too.</summary>
    public async Task<RlsMatrix> RunAsync(CancellationToken ct)
    {
        var doing = "Testing row-level security";
        try
        {
            if (!await HasMappingAsync(ct))
                throw new GodwitException(ErrorKind.Blocked, "rls-not-applied", $"There is no private.current_user_id() or no {plan.Users.Name}.{OwnerSql.AuthId}: row-level security was not applied here.", "godwit rls apply");
            var cells = new List<RlsCell>();
            foreach (var table in plan.Tables)
            {
                doing = $"Testing row-level security of {table.Relation.Name}";
                cells.AddRange(await TestAsync(table, ct));
            }
            var matrix = new RlsMatrix(plan.Options.Schema, [.. cells]);
            await MatrixStore.PrepareAsync(connection, ct);
            await MatrixStore.WriteAsync(connection, plan.Options.Schema, "tested", matrix.ToJson(), ct);
            return matrix;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            throw TargetErrors.Map(e, doing);
        }
    }

    private async Task<bool> HasMappingAsync(CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT to_regprocedure('private.current_user_id()') IS NOT NULL AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2 AND NOT attisdropped)", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = plan.Users.Name.ToString() });
        command.Parameters.Add(new NpgsqlParameter { Value = OwnerSql.AuthId });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    private async Task<List<RlsCell>> TestAsync(RlsTable table, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync("SET LOCAL lock_timeout = '10s'", ct);
        var rows = await _finder.FindAsync(table, ct);
        var (accountA, accountB) = (await AccountAsync(rows.UserA, ct), await AccountAsync(rows.UserB, ct));
        var cells = new List<RlsCell>();
        foreach (var promise in plan.Promises.Where(p => p.Table == table.Relation.Name.Name))
        {
            _unknown = null;
            var account = promise.Role switch { RlsRole.UserA => accountA, RlsRole.UserB => accountB, _ => null };
            // In a table of nobody's rows, any account will do.
            if (account is null && promise.Role is RlsRole.UserA or RlsRole.UserB && table.Owners.IsEmpty) account = Guid.NewGuid();
            var found = promise.Role is RlsRole.UserA or RlsRole.UserB && account is null
                ? Untested("no two users with rows of their own")
                : await AskAsync(table, promise, rows, account, ct);
            cells.Add(new(promise.Table, promise.Role, promise.Action, promise.Reach, found, found is null ? _unknown : null));
        }
        await transaction.RollbackAsync(ct);
        return cells;
    }

    private Reach? Untested(string why)
    {
        _unknown ??= why;
        return null;
    }

    // The account of a user; where he has none yet, one for the time of the transaction.
    private async Task<Guid?> AccountAsync(string? user, CancellationToken ct)
    {
        if (user is null) return null;
        var key = ProbeRowFinder.Literal(plan.Users.Column(plan.UsersKey)!, user);
        await using var command = new NpgsqlCommand($"UPDATE {plan.Users.Name} SET {OwnerSql.AuthId} = coalesce({OwnerSql.AuthId}, $1) WHERE {SqlName.Quote(plan.UsersKey)} = {key} RETURNING {OwnerSql.AuthId}", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = Guid.NewGuid() });
        return await command.ExecuteScalarAsync(ct) as Guid?;
    }

    private async Task<Reach?> AskAsync(RlsTable table, RlsPromise promise, ProbeRows rows, Guid? account, CancellationToken ct)
    {
        var (own, other) = promise.Role == RlsRole.UserB ? (rows.RowB, rows.RowA) : (rows.RowA, rows.RowB);
        if (own is null && other is null) return await AskEmptyAsync(table, promise, account, ct);
        var answers = new List<Answer>();
        foreach (var row in (ProbeRow?[])[own, other])
        {
            if (row is null)
            {
                answers.Add(Answer.Unknown);
                continue;
            }
            // Given away: what the other row holds is written over it. Only one's own row is asked for; what is not one's own, UPDATE asks.
            var sql = Statement(table, promise.Action, row, row == own ? other : own);
            answers.Add(sql is null ? Answer.Unknown : await TryAsync(promise.Role, table, account, sql, ct));
        }
        if (promise.Action == RlsAction.GiveAway) return answers[0] switch { Answer.Refused => Reach.None, Answer.Admitted => Reach.Own, _ => Untested("no row of another user") };
        return (answers[0], answers[1]) switch
        {
            (Answer.Admitted, Answer.Admitted) => Reach.All,
            (Answer.Admitted, Answer.Refused) => Reach.Own,
            (Answer.Refused, Answer.Admitted) => Reach.Others,
            (Answer.Refused, Answer.Refused) => Reach.None,
            // One row is all there is: what is everybody's or nobody's can still be told.
            (Answer.Admitted, Answer.Unknown) or (Answer.Unknown, Answer.Admitted) when promise.Reach == Reach.All => Reach.All,
            (Answer.Refused, Answer.Unknown) or (Answer.Unknown, Answer.Refused) when promise.Reach == Reach.None => Reach.None,
            (Answer.Unknown, Answer.Admitted) => Reach.Others,
            _ => Untested("no row of another user"),
        };
    }

    // A table without rows still tells whether the role may touch it at all.
    private async Task<Reach?> AskEmptyAsync(RlsTable table, RlsPromise promise, Guid? account, CancellationToken ct)
    {
        if (promise.Action is RlsAction.Insert or RlsAction.GiveAway) return Untested("the table is empty");
        var nothing = new ProbeRow("false", []);
        var sql = Statement(table, promise.Action, nothing, null);
        var answer = sql is null ? Answer.Unknown : await TryAsync(promise.Role, table, account, sql, ct, countRows: false);
        return answer == Answer.Refused ? Reach.None : Untested("the table is empty");
    }

    private static string? Statement(RlsTable table, RlsAction command, ProbeRow row, ProbeRow? other)
    {
        var (relation, name) = (table.Relation, table.Relation.Name);
        switch (command)
        {
            case RlsAction.Select:
                return $"SELECT 1 FROM {name} WHERE {row.Key}";
            case RlsAction.Delete:
                return $"DELETE FROM {name} WHERE {row.Key}";
            case RlsAction.Insert:
                var columns = relation.Columns.Where(c => !c.Generated && (row.Values[relation.Columns.IndexOf(c)] is not null || c.Name != OwnerSql.AuthId)).ToList();
                return $"INSERT INTO {name} ({SqlName.List(columns.Select(c => c.Name))}) OVERRIDING SYSTEM VALUE VALUES ({string.Join(", ", columns.Select(c => ProbeRowFinder.Literal(c, row.Values[relation.Columns.IndexOf(c)])))})";
            case RlsAction.Update:
                var granted = table.Updatable.IsEmpty ? [.. relation.Columns.Where(c => !c.Unwritable).Select(c => c.Name)] : table.Updatable;
                var column = granted.FirstOrDefault(c => !relation.PrimaryKey.Contains(c) && !table.OwnColumns.Contains(c)) ?? granted.FirstOrDefault();
                return column is null ? null : $"UPDATE {name} SET {SqlName.Quote(column)} = {SqlName.Quote(column)} WHERE {row.Key}";
            default:
                if (other is null) return null;
                var given = table.OwnColumns.Select(c => relation.Column(c)!).Select(c => $"{SqlName.Quote(c.Name)} = {ProbeRowFinder.Literal(c, other.Values[relation.Columns.IndexOf(c)])}");
                return $"UPDATE {name} SET {string.Join(", ", given)} WHERE {row.Key}";
        }
    }

    /// <summary>
    /// Refused: no privilege, a policy's check, or no row reached. A broken constraint means that the policies let it through: they are
    /// asked before the row is written.
    /// </summary>
    private async Task<Answer> TryAsync(RlsRole role, RlsTable table, Guid? account, string sql, CancellationToken ct, bool countRows = true)
    {
        await ExecuteAsync("SAVEPOINT probe", ct);
        try
        {
            foreach (var setting in Session(role, table, account)) await ExecuteAsync(setting, ct);
        }
        catch (PostgresException e)
        {
            await ExecuteAsync("ROLLBACK TO SAVEPOINT probe", ct);
            _unknown = $"the role cannot be taken (SQLSTATE {e.SqlState})";
            return Answer.Unknown;
        }
        var answer = Answer.Refused;
        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await using var reader = await command.ExecuteReaderAsync(ct);
            var rows = 0;
            while (await reader.ReadAsync(ct)) rows++;
            await reader.CloseAsync();
            answer = rows > 0 || reader.RecordsAffected > 0 || !countRows ? Answer.Admitted : Answer.Refused;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            answer = Answer.Refused;
        }
        catch (PostgresException e) when (e.SqlState.StartsWith("23", StringComparison.Ordinal))
        {
            answer = Answer.Admitted;
        }
        catch (PostgresException e)
        {
            answer = Answer.Unknown;
            _unknown = $"the server refused for another reason (SQLSTATE {e.SqlState})";
        }
        await ExecuteAsync("ROLLBACK TO SAVEPOINT probe", ct);
        return answer;
    }

    private static IEnumerable<string> Session(RlsRole role, RlsTable table, Guid? account)
    {
        if (role == RlsRole.Owner)
        {
            yield return $"SET LOCAL ROLE {SqlName.AlwaysQuote(table.Relation.Owner)}";
            yield break;
        }
        var name = role switch { RlsRole.Anon => "anon", RlsRole.ServiceRole => "service_role", _ => "authenticated" };
        var claims = new JsonObject { ["role"] = name, ["aal"] = "aal1" };
        if (account is { } id) claims["sub"] = id.ToString();
        yield return $"SELECT set_config('request.jwt.claims', {SqlText.Literal(claims.ToJsonString())}, true), set_config('request.jwt.claim.sub', {SqlText.Literal(account?.ToString() ?? "")}, true), set_config('request.jwt.claim.role', {SqlText.Literal(name)}, true)";
        yield return $"SET LOCAL ROLE {name}";
    }

    private Task ExecuteAsync(string sql, CancellationToken ct) => RlsApplier.ExecuteAsync(connection, sql, ct);
}
