using System.Collections.Immutable;
using Godwit.Schema;
using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>Reads the shape of a PostgreSQL database from its catalogs, in one transaction of the caller's.</summary>
internal sealed class PostgresInspector(NpgsqlConnection connection)
{
    private const int SequencesAtOnce = 200;

    internal static PostgresFacts Server(NpgsqlDataReader r) => new()
    {
        VersionNumber = r.GetInt32(0),
        Version = r.GetString(1),
        Database = r.GetString(2),
        Role = r.GetString(3),
        IsSuperuser = r.GetBoolean(4),
        BypassesRowSecurity = r.GetBoolean(5),
        Encoding = r.GetString(6),
        Collation = r.GetString(7),
        SearchPath = r.GetString(8),
        DatabaseComment = r.Text(10),
    };

    internal async Task<PostgresFacts> ServerAsync(CancellationToken ct) => (await CatalogQuery.AllAsync(connection, "server", Server, ct))[0];

    internal async Task<DatabaseSchema> ReadAsync(PostgresFacts facts, ImmutableArray<SchemaStatement> statements, CancellationToken ct)
    {
        facts = facts with
        {
            Statements = statements,
            Roles = await CatalogQuery.AllAsync(connection, "roles", r => new RoleFact(r.GetString(0), r.GetBoolean(1), r.GetBoolean(2), r.GetBoolean(3), r.GetBoolean(4), r.GetBoolean(5), r.GetBoolean(6), r.GetBoolean(7), r.GetInt32(8), r.Text(9), r.Texts(10)), ct),
            Extensions = await CatalogQuery.AllAsync(connection, "extensions", r => new ExtensionFact(r.GetString(0), r.GetString(1), r.GetString(2)), ct),
            EqualitySchemas = await CatalogQuery.AllAsync(connection, "equality_schemas", r => r.GetString(0), ct),
            Settings = await CatalogQuery.AllAsync(connection, "settings", r => new SettingFact(r.Text(0), r.GetBoolean(1), r.GetString(2), r.GetString(3)), ct),
            Sequences = await SequencesAsync(ct),
            MaterializedViews = await CatalogQuery.AllAsync(connection, "materialized_views", r => new MaterializedViewFact(new(r.GetString(0), r.GetString(1)), r.GetBoolean(2), [.. r.Texts(3).Zip(r.Texts(4), (s, n) => new SqlName(s, n))]), ct),
            LargeObjects = (await CatalogQuery.AllAsync(connection, "large_objects", r => new LargeObjectFacts(r.GetInt64(0), r.GetInt64(1)), ct))[0],
        };
        return new()
        {
            Name = facts.Database,
            Postgres = facts,
            Tables = await TablesAsync(statements, ct),
            Views = [.. statements.Where(s => s.Kind is "VIEW" or "MATERIALIZED VIEW").Select(s => new View(new SqlName(s.Schema, s.Name).ToString(), s.Sql))],
            Triggers = [.. statements.Where(s => s.Kind == "TRIGGER").Select(s => new Trigger(s.Name, s.Table ?? "", s.Sql))],
        };
    }

    private async Task<ImmutableArray<Table>> TablesAsync(ImmutableArray<SchemaStatement> statements, CancellationToken ct)
    {
        var columns = (await CatalogQuery.AllAsync(connection, "columns", r => (Table: new SqlName(r.GetString(1), r.GetString(2)), Column: Column(r)), ct)).ToLookup(c => c.Table, c => c.Column);
        var keys = (await CatalogQuery.AllAsync(connection, "keys", r => (Table: new SqlName(r.GetString(0), r.GetString(1)), Name: r.GetString(2), Primary: r.GetBoolean(3), Columns: r.Texts(4)), ct)).ToLookup(k => k.Table);
        var foreign = (await CatalogQuery.AllAsync(connection, "foreign_keys", r => (Table: new SqlName(r.GetString(0), r.GetString(1)), Key: ForeignKey(r)), ct)).ToLookup(k => k.Table, k => k.Key);
        var sql = statements.Where(s => s.Kind == "TABLE").ToLookup(s => new SqlName(s.Schema, s.Name), s => s.Sql);
        return await CatalogQuery.AllAsync(connection, "tables", r =>
        {
            var name = new SqlName(r.GetString(0), r.GetString(1));
            return new Table
            {
                Name = name.ToString(),
                Relation = name,
                Columns = [.. columns[name]],
                PrimaryKey = keys[name].Where(k => k.Primary).Select(k => new Key(k.Name, k.Columns)).FirstOrDefault(),
                UniqueConstraints = [.. keys[name].Where(k => !k.Primary).Select(k => new TableIndex { Name = k.Name, Unique = true, Terms = [.. k.Columns.Select(c => new IndexTerm(c, null, false, null))] })],
                ForeignKeys = [.. foreign[name]],
                HasRowId = false,
                Sql = sql[name].FirstOrDefault() ?? "",
                Storage = Storage(r),
                Findings = r.GetBoolean(18) ? [] : [new("source-no-privilege", Severity.Block, name.ToString(), "The role may not read this table.", $"GRANT SELECT ON {name} TO role; or leave it out: --exclude")],
            };
        }, ct);
    }

    private static TableStorage Storage(NpgsqlDataReader r) => new()
    {
        Kind = r.GetString(2)[0],
        AccessMethod = r.Text(3),
        FileNode = r.Text(19),
        Pages = r.GetInt64(4),
        Bytes = r.GetInt64(5),
        EstimatedRows = r.GetDouble(6),
        Parent = r.Text(7) is { } schema ? new SqlName(schema, r.GetString(8)).ToString() : null,
        LoadThrough = r.Text(9) is { } root ? new SqlName(root, r.GetString(10)) : null,
        Unlogged = r.GetBoolean(11),
        RowSecurity = r.GetBoolean(12),
        ForcesRowSecurity = r.GetBoolean(13),
        ReplicaIdentity = r.GetString(14)[0],
        Extension = r.Text(15),
        Condition = r.Text(16),
    };

    private static Column Column(NpgsqlDataReader r) => new()
    {
        Name = r.GetString(3),
        DeclaredType = r.GetString(4),
        NotNull = r.GetBoolean(5),
        Generated = r.GetString(6) is { Length: > 0 } generated ? new(r.Text(8) ?? "", generated == "s") : null,
        Default = r.GetString(6).Length == 0 ? r.Text(8) : null,
        Collation = r.Text(9),
        Identity = r.GetString(7).Length > 0,
        BinaryStable = r.GetBoolean(10),
    };

    private static ForeignKey ForeignKey(NpgsqlDataReader r) => new()
    {
        Name = r.GetString(2),
        ParentTable = new SqlName(r.GetString(3), r.GetString(4)).ToString(),
        Columns = r.Texts(5),
        ParentColumns = r.Texts(6),
        OnDelete = Action(r.GetString(7)),
        OnUpdate = Action(r.GetString(8)),
        Deferrable = r.GetBoolean(9),
        InitiallyDeferred = r.GetBoolean(10),
    };

    private static ReferentialAction Action(string code) => code switch
    {
        "r" => ReferentialAction.Restrict,
        "c" => ReferentialAction.Cascade,
        "n" => ReferentialAction.SetNull,
        "d" => ReferentialAction.SetDefault,
        _ => ReferentialAction.NoAction,
    };

    /// <summary>A sequence's state is not part of any snapshot: it is read as it is now, which is never behind the rows.</summary>
    private async Task<ImmutableArray<SequenceFact>> SequencesAsync(CancellationToken ct)
    {
        var sequences = await CatalogQuery.AllAsync(connection, "sequences", r => (Name: new SqlName(r.GetString(0), r.GetString(1)), Read: r.Text(2), Table: r.Text(3) is { } s ? new SqlName(s, r.GetString(4)).ToString() : null, Column: r.Text(5)), ct);
        var states = new Dictionary<long, (long Last, bool Called)>();
        foreach (var some in sequences.Select(s => s.Read).OfType<string>().Chunk(SequencesAtOnce))
            foreach (var (number, last, called) in await CatalogQuery.RowsAsync(connection, string.Join(" UNION ALL ", some), r => (r.GetInt32(0), r.GetInt64(1), r.GetBoolean(2)), ct))
                states[number] = (last, called);
        return [.. sequences.Select((s, i) => states.TryGetValue(i, out var state) ? new SequenceFact(s.Name, state.Last, state.Called, s.Table, s.Column) : new SequenceFact(s.Name, null, false, s.Table, s.Column))];
    }
}
