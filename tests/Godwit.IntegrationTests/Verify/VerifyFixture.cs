using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Godwit.TypeMapping;
using Godwit.Verify;
using Godwit.Wire;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Verify;

/// <summary>One database for the tests of verification, and short ways to fill both sides by hand.</summary>
public sealed class VerifyFixture(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly string _database = "godwit_verify_" + Guid.NewGuid().ToString("N")[..12];
    private string _admin = "";

    internal PlainTarget Target { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _admin = postgres.Admin.ToBuilder().ConnectionString;
        await using var connection = new NpgsqlConnection(_admin);
        await connection.OpenAsync();
        await ExecuteAsync(connection, $"CREATE DATABASE {_database} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        Target = new PlainTarget(new NpgsqlConnectionStringBuilder(_admin) { Database = _database, Pooling = true }.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await Target.DisposeAsync();
        await using var connection = new NpgsqlConnection(_admin);
        await connection.OpenAsync();
        await ExecuteAsync(connection, $"DROP DATABASE IF EXISTS {_database} WITH (FORCE)");
    }

    internal async Task SqlAsync(string sql)
    {
        await using var connection = await Target.ConnectAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(connection, sql);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

internal sealed class PlainTarget(string connectionString) : ITarget
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connectionString);

    public string Display => "postgres://test";

    public TargetProfile Profile => new() { VersionNumber = 150000, Version = "15", Database = "d", Role = "r", Encoding = "UTF8", Collation = "C" };

    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) => await _source.OpenConnectionAsync(ct);

    public WireConnection OpenWire(CancellationToken ct) => WireConnection.Open(new(connectionString), ct);

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}

internal sealed class EventLog : IProgress<MigrationEvent>
{
    public List<MigrationEvent> Events { get; } = [];

    public void Report(MigrationEvent value)
    {
        lock (Events) Events.Add(value);
    }
}

/// <summary>A table of both sides: columns, key, source rows. The target's rows are inserted by the test.</summary>
internal sealed class TwoSides(VerifyFixture fixture)
{
    private readonly List<Table> _tables = [];
    private readonly List<TablePlan> _plans = [];
    private readonly Dictionary<string, object?[][]> _rows = [];

    public List<SqlStep> Steps { get; } = [];
    public List<SequencePlan> Sequences { get; } = [];
    public EventLog Log { get; } = new();
    public bool HasRowId { get; init; } = true;

    public TwoSides Table(string name, (string Name, string PgType, CellEncoding Encoding)[] columns, string[] key, object?[][] rows, long? plannedRows = null)
    {
        _tables.Add(new Table { Name = name, HasRowId = HasRowId, Columns = [.. columns.Select(c => new Column { Name = c.Name, DeclaredType = "" })] });
        _plans.Add(new TablePlan
        {
            Source = name,
            Load = new SqlName("godwit_load", name),
            Target = new SqlName("public", name),
            Columns = [.. columns.Select(c => new ColumnPlan(c.Name, c.Name, "", c.PgType, new ColumnEncoding(c.Encoding), Fidelity.Exact, ""))],
            Key = [.. key],
            Rows = plannedRows ?? rows.Length,
        });
        _rows[name] = rows;
        return this;
    }

    public MigrationPlan Plan => new() { Source = "s", SourcePosition = "fake", TargetSchema = "public", LoadSchema = "godwit_load", Tables = [.. _plans], PostData = [.. Steps], Sequences = [.. Sequences] };

    public async Task<VerifyReport> VerifyAsync(VerifyMode mode = VerifyMode.Full, int sample = 5, int seed = 7, string[]? tables = null)
    {
        var schema = new DatabaseSchema { Name = "main", Tables = [.. _tables] };
        await using var snapshot = new FakeSnapshot(schema, _rows);
        return await new Verifier(snapshot, schema, fixture.Target, Log, TimeProvider.System)
            .VerifyAsync(Plan, new VerifyRequest(mode, 2, tables ?? [], sample, seed), TestContext.Current.CancellationToken);
    }
}
