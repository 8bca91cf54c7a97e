using Godwit.Copy;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Target;
using Godwit.Tests.Follow;
using Godwit.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Godwit.Tests.Copy;

public sealed class PumpStageTests
{
    private const int Workers = 8;

    [Fact]
    public async Task What_one_worker_fails_of_is_told_and_not_that_the_others_stopped_waiting_to_try_again()
    {
        var plan = new MigrationPlan
        {
            Source = "s", SourcePosition = "p", TargetSchema = "public", LoadSchema = "public", InPlace = true,
            Tables = [new() { Source = "public.t", Load = new("public", "t"), Target = new("public", "t"), Columns = [], Key = [], Rows = Workers, Chunks = [.. Enumerable.Range(0, Workers).Select(i => new PlannedChunk(i, i, i + 1, 1))] }],
        };
        // No row is ever read: no worker gets a connection.
        var stage = new PumpStage(null!, new DatabaseSchema { Name = "s" }, new LostTarget(), Guid.Empty, new Progress<MigrationEvent>(), new Clock(), NullLogger.Instance);

        var failure = await Assert.ThrowsAsync<GodwitException>(() => stage.RunAsync(plan, [], Workers, setsAside: false, TestContext.Current.CancellationToken));

        Assert.Equal("target-auth-failed", failure.Code);
    }

    /// <summary>The connection of each worker is lost; the last of them may not come back.</summary>
    private sealed class LostTarget : ITarget
    {
        private int _asked;

        public string Display => "lost";
        public TargetProfile Profile { get; } = new() { VersionNumber = 170000, Version = "17.0", Database = "d", Role = "r", Encoding = "UTF8", Collation = "C" };

        public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) => throw new NotSupportedException();

        public WireConnection OpenWire(CancellationToken ct) => throw (Interlocked.Increment(ref _asked) < Workers
            ? new GodwitException(ErrorKind.TargetTransient, "target-connection-lost", "lost")
            : new GodwitException(ErrorKind.TargetFatal, "target-auth-failed", "no"));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
