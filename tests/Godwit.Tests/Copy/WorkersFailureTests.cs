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

/// <summary>Workers of one copy, in threads of their own: the failure that is told is the one that ended it.</summary>
public sealed class WorkersFailureTests
{
    private const int Workers = 8;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_one_worker_fails_of_is_told_and_not_that_the_others_stopped_waiting_to_try_again(bool betweenServers) =>
        Assert.Equal("target-auth-failed", await FailureAsync(betweenServers, Workers, new LostTarget()));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nor_is_a_connection_that_was_lost_when_another_had_failed(bool betweenServers)
    {
        // Which of the threads ends first is chance.
        for (var i = 0; i < 500; i++) Assert.Equal("target-auth-failed", await FailureAsync(betweenServers, 4, new LateTarget()));
    }

    private static async Task<string> FailureAsync(bool betweenServers, int workers, ITarget target)
    {
        var plan = new MigrationPlan
        {
            Source = "s", SourcePosition = "p", TargetSchema = "public", LoadSchema = "public", InPlace = true,
            Tables = [new() { Source = "public.t", Load = new("public", "t"), Target = new("public", "t"), Columns = [], Key = [], Rows = workers, Chunks = [.. Enumerable.Range(0, workers).Select(i => new PlannedChunk(i, i, i + 1, 1))] }],
        };
        // No row is ever read: no worker gets a connection.
        var schema = new DatabaseSchema { Name = "s" };
        var stop = TestContext.Current.CancellationToken;
        return (await Assert.ThrowsAsync<GodwitException>(() => betweenServers
            ? new PumpStage(null!, schema, target, Guid.Empty, new Progress<MigrationEvent>(), new Clock(), NullLogger.Instance).RunAsync(plan, [], workers, setsAside: false, stop)
            : new CopyStage(null!, schema, target, Guid.Empty, new(plan, schema, new([], false, (_, _) => false)), new Progress<MigrationEvent>(), new Clock(), NullLogger.Instance).RunAsync(plan, [], workers, ordered: false, stop))).Code;
    }

    /// <summary>The connection of each worker is lost; the last of them may not come back.</summary>
    private sealed class LostTarget : NoTarget
    {
        private int _asked;

        public override WireConnection OpenWire(CancellationToken ct) => throw (Interlocked.Increment(ref _asked) < Workers ? Lost() : Refused());
    }

    /// <summary>The second worker is refused, and the others lose their connections after that.</summary>
    private sealed class LateTarget : NoTarget
    {
        private int _asked;

        public override WireConnection OpenWire(CancellationToken ct)
        {
            if (Interlocked.Increment(ref _asked) == 2) throw Refused();
            ct.WaitHandle.WaitOne();
            throw Lost();
        }
    }

    private abstract class NoTarget : ITarget
    {
        public string Display => "lost";
        public TargetProfile Profile { get; } = new() { VersionNumber = 170000, Version = "17.0", Database = "d", Role = "r", Encoding = "UTF8", Collation = "C" };

        public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct)
        {
            OpenWire(ct);
            throw new NotSupportedException();
        }

        public abstract WireConnection OpenWire(CancellationToken ct);

        protected static GodwitException Lost() => new(ErrorKind.TargetTransient, "target-connection-lost", "lost");

        protected static GodwitException Refused() => new(ErrorKind.TargetFatal, "target-auth-failed", "no");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
