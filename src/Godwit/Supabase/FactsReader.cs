using System.Collections.Immutable;
using System.Globalization;
using Godwit.Target;
using Npgsql;

namespace Godwit.Supabase;

/// <summary>
/// Reads <see cref="SupabaseFacts"/> from a server, source or target, in one transaction that only reads. What the session's role may not see is left empty;
/// nothing is guessed from names of hosts.
/// </summary>
public static class FactsReader
{
    /// <exception cref="NpgsqlException">The connection or a query failed.</exception>
    public static async Task<SupabaseFacts> ReadAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        await ExecuteAsync(connection, "set transaction read only; set local row_security = on; set local search_path = pg_catalog; set local statement_timeout = 0; set local datestyle = iso; set local timezone = 'UTC'", ct);
        var facts = await ReadCatalogAsync(connection, ct);
        facts = facts with { IsSupabase = IsSupabase(facts) };
        facts = await ReadPlatformAsync(connection, facts, ct);
        await transaction.RollbackAsync(ct);
        return facts;
    }

    /// <summary>Three roles that requests run as, and a schema of the platform's services: what a plain PostgREST set-up has not.</summary>
    private static bool IsSupabase(SupabaseFacts facts) =>
        new[] { "anon", "authenticated", "service_role" }.All(r => facts.FindRole(r) is not null) && facts.HasSchema("auth")
        && (facts.HasSchema("storage") || facts.HasSchema("realtime") || facts.HasSchema(PlatformNames.ExtensionSchema)) && facts.Roles.Any(r => r.Name.StartsWith("supabase_", StringComparison.Ordinal));

    private static async Task<SupabaseFacts> ReadCatalogAsync(NpgsqlConnection c, CancellationToken ct) => new()
    {
        Server = (await RowsAsync(c, "server", r => new ServerFact
        {
            VersionNumber = r.Int(0), Database = r.Text(1), DatabaseOwner = r.Text(2), Role = r.Text(3),
            IsSuperuser = r.Bool(4), BypassesRls = r.Bool(4) || r.Bool(5), CanCreateRoles = r.Bool(4) || r.Bool(6), CanReplicate = r.Bool(4) || r.Bool(7), CanCreateDatabases = r.Bool(4) || r.Bool(8),
            CanReadHashes = r.Bool(9), CanCreateInDatabase = r.Bool(10),
            SharedLibraries = r.Maybe(11) ?? "", MaxConnections = r.Int(12), CronDatabase = r.Maybe(13), DatabaseConnectionLimit = r.Int(14), RoleConnectionLimit = r.Int(15),
            SizeBytes = r.Long(16), Encoding = r.Text(17), Collation = r.Text(18), DatabaseComment = r.Maybe(19),
        }, ct))[0],
        Roles = await RowsAsync(c, "roles", r => new ServerRole(r.Text(0))
        {
            Superuser = r.Bool(1), Inherit = r.Bool(2), CreateRole = r.Bool(3), CreateDb = r.Bool(4), Login = r.Bool(5), Replication = r.Bool(6), BypassRls = r.Bool(7),
            ConnectionLimit = r.Int(8), ValidUntil = r.Maybe(9), Comment = r.Maybe(10),
        }, ct),
        Memberships = await RowsAsync(c, "memberships", r => new MembershipFact(r.Text(0), r.Text(1), r.Bool(2), r.Bool(3), r.Bool(4)), ct),
        Settings = await RowsAsync(c, "settings", r => new ServerSetting(r.Text(0), r.Bool(1), r.Text(2), r.Text(3)), ct),
        Parameters = (await RowsAsync(c, "parameters", r => KeyValuePair.Create(r.Text(0), r.Text(1)), ct)).ToImmutableDictionary(),
        DatabaseGrants = await RowsAsync(c, "database-grants", r => new DatabaseGrant(r.Text(0), r.Text(1), r.Bool(2)), ct),
        Schemas = await RowsAsync(c, "schemas", r => new SchemaFact(r.Text(0), r.Text(1), r.Maybe(2), r.Bool(3)), ct),
        Extensions = await RowsAsync(c, "extensions", r => new ServerExtension(r.Text(0), r.Maybe(1) ?? "", r.Maybe(2)) { HasOwnComment = r.Bool(3) }, ct),
        ExtensionUses = (await RowsAsync(c, "extension-use", r => KeyValuePair.Create(r.Text(0), r.Text(2)), ct)).ToImmutableDictionary(),
        FunctionChecks = await RowsAsync(c, "checks", r => new FunctionCheck(r.Text(0), r.Text(1), r.Text(2), r.Text(3)), ct),
        IndexFunctions = await RowsAsync(c, "index-functions", r => new IndexFunction(r.Text(0), r.Text(1), r.Text(2), r.Text(3)), ct),
        EventTriggers = await RowsAsync(c, "event-triggers", r => new EventTriggerFact(r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Text(4), r.Text(5), r.Bool(6)), ct),
        Publications = await RowsAsync(c, "publications", r => new PublicationFact(r.Text(0), r.Text(1), r.Bool(2), r.Maybe(3), r.Maybe(4), r.Maybe(5), r.Maybe(4) is not null && r.Bool(6)), ct),
        ForeignServers = await RowsAsync(c, "servers", r => new ForeignServerFact(r.Text(0), r.Text(1), List(r.Maybe(2)), r.Maybe(3), r.Int(4), List(r.Maybe(5)), r.Maybe(6)), ct),
        RoleUses = await RowsAsync(c, "role-use", r => new RoleUse(r.Text(0), r.Text(1) switch { "o" => RoleUseKind.Owner, "r" => RoleUseKind.Policy, _ => RoleUseKind.Grant }, r.Text(2)), ct),
        HiddenTables = await RowsAsync(c, "hidden-rows", r => new HiddenTable(r.Text(0), r.Text(1), r.Bool(2), r.Bool(3)), ct),
    };

    private static async Task<SupabaseFacts> ReadPlatformAsync(NpgsqlConnection c, SupabaseFacts facts, CancellationToken ct)
    {
        var left = facts.Schemas.Select(s => s.Name).Where(PlatformNames.LeftSchemas.Contains).ToArray();
        var pattern = PlatformNames.MentionPattern(left.Length > 0 ? left : ["net"]);
        if (left.Length > 0)
        {
            var recorded = await RowsAsync(c, "dependents", r => new PlatformUse(r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Text(4), r.Text(5)), ct, (object)left);
            var mentioned = await RowsAsync(c, "mentions", r => r.Text(3).Split('.', 2) is [var schema, var name] ? new PlatformUse("function", r.Text(0), r.Text(1), schema, name, "") : null!, ct, left, pattern);
            facts = facts with
            {
                PlatformUses = [.. recorded.Concat(mentioned).Distinct()],
                PlatformFunctions = await RowsAsync(c, "signatures", r => new FunctionSignature(r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Maybe(4) ?? "", r.Text(5) == "f", r.Bool(6), r.Bool(7), r.Bool(8)), ct, (object)left),
            };
        }
        facts = facts with { Triggers = await RowsAsync(c, "triggers", r => new TriggerFact(r.Text(0), r.Text(1), r.Text(2), r.Text(3), r.Text(4), r.Text(5)), ct, (object)left) };
        if (await MaySelectAsync(c, "cron.job", ct))
            facts = facts with { CronJobs = await RowsAsync(c, "cron-jobs", r => new CronJobFact(r.Long(0), r.Text(1), r.Text(2), r.Text(3), r.Text(4), r.Bool(5), List(r.Text(6))), ct, pattern) };
        if (await MaySelectAsync(c, "vault.secrets", ct))
            facts = facts with
            {
                VaultSecrets = await RowsAsync(c, "vault", r => new VaultSecretFact(r.Text(0), r.Text(1), r.Text(2)), ct),
                VaultReadable = await MaySelectAsync(c, "vault.decrypted_secrets", ct),
            };
        if (await MaySelectAsync(c, "storage.buckets", ct) && await MaySelectAsync(c, "storage.objects", ct))
            facts = facts with { Buckets = await RowsAsync(c, "storage", r => new BucketFact(r.Text(0), r.Long(1), r.Long(2)), ct) };
        if (await MaySelectAsync(c, "auth.users", ct) && facts.IsSupabase)
            facts = facts with { AuthUsers = await RowsAsync(c, "auth-users", r => new HashKind(r.Text(0), r.Long(1)), ct) };
        return facts;
    }

    /// <summary>The table is there and this role may read it, schema included.</summary>
    internal static async Task<bool> MaySelectAsync(NpgsqlConnection connection, string table, CancellationToken ct)
    {
        var parts = table.Split('.');
        await using var command = new NpgsqlCommand("""
            select coalesce((select has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
              from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2), false)
            """, connection) { Parameters = { new() { Value = parts[0] }, new() { Value = parts[1] } } };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    private static async Task<ImmutableArray<T>> RowsAsync<T>(NpgsqlConnection connection, string query, Func<TextRow, T> read, CancellationToken ct, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read($"Supabase/Sql/{query}.sql"), connection) { AllResultTypesAreUnknown = true, CommandTimeout = 0 };
        foreach (var value in parameters) command.Parameters.Add(new() { Value = value });
        var rows = ImmutableArray.CreateBuilder<T>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) rows.Add(read(new(reader)));
        return rows.ToImmutable();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static ImmutableArray<string> List(string? text) => string.IsNullOrEmpty(text) ? [] : [.. text.Split(',')];

    /// <summary>Values as PostgreSQL prints them.</summary>
    private readonly struct TextRow(NpgsqlDataReader reader)
    {
        public string? Maybe(int i) => reader.IsDBNull(i) ? null : reader.GetString(i);
        public string Text(int i) => reader.GetString(i);
        public bool Bool(int i) => reader.GetString(i) == "t";
        public int Int(int i) => int.Parse(reader.GetString(i), CultureInfo.InvariantCulture);
        public long Long(int i) => long.Parse(reader.GetString(i), CultureInfo.InvariantCulture);
    }
}
