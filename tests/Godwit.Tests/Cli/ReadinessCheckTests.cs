using Godwit.Check;
using Godwit.Target;
using Xunit;

namespace Godwit.Tests.Cli;

public class ReadinessCheckTests
{
    [Theory]
    // 320 MB at 32 MB/s: ten seconds of reading.
    [InlineData(320_000_000, 32_000_000, 1.0, "30 s to 2 min|t was read at 32 MB/s|reading alone takes 10 s")]
    // A slow network is measured by little.
    [InlineData(320_000_000, 1_000_000, 2.0, "32 min to 1.8 h|0.5 MB/s")]
    [InlineData(320_000_000, 1_000_000, 0.1, "cannot be said: the largest is too small")]
    [InlineData(320_000_000, null, 0.0, "cannot be said: no table may be read")]
    [InlineData(1_000_000, 900_000, 0.1, "3 tables: seconds")]
    public void A_time_is_told_by_what_was_measured(long bytes, int? read, double seconds, string said)
    {
        var detail = SourceServerCheck.Estimate(bytes, 3, read is null ? null : new("t", read.Value, TimeSpan.FromSeconds(seconds))).Detail;
        Assert.All(said.Split('|'), part => Assert.Contains(part, detail, StringComparison.Ordinal));
    }

    private static readonly ReadinessCheck.TargetFacts Facts = new(true, true, false, 1, 3, 0, null, -1);

    [Fact]
    public void A_good_target_passes_every_check_but_TLS_over_the_network()
    {
        var items = ReadinessCheck.OfProfile(Sample.Profile(), "postgres://app@db.example:5432/app").Concat(Of(Facts)).ToList();
        Assert.Equal("target-tls", Assert.Single(items, i => i.Level != Readiness.Pass).Code);
        Assert.All(ReadinessCheck.OfProfile(Sample.Profile(), "postgres://app@127.0.0.1:5432/app"), i => Assert.Equal(Readiness.Pass, i.Level));
        Assert.All(ReadinessCheck.OfProfile(Sample.Profile(), "postgres://app@/app?host=/tmp&port=5432"), i => Assert.Equal(Readiness.Pass, i.Level));
    }

    [Fact]
    public void What_a_target_lacks_blocks_and_has_a_remedy()
    {
        Blocks("target-writable", ReadinessCheck.OfProfile(Sample.Profile() with { InRecovery = true }, "postgres://x@y:1/z"));
        Blocks("target-can-create", ReadinessCheck.OfProfile(Sample.Profile() with { CanCreateSchema = false }, "postgres://x@y:1/z"));
        Blocks("target-encoding", ReadinessCheck.OfProfile(Sample.Profile() with { Encoding = "LATIN1" }, "postgres://x@y:1/z"));
        Blocks("target-schema", Of(Facts with { CanCreateInSchema = false }));
        Blocks("target-read-only", Of(Facts with { ReadOnly = true }));
    }

    [Fact]
    public void Too_few_connections_are_a_warning_that_names_the_jobs_that_fit()
    {
        var item = Assert.Single(Of(Facts with { Connections = 91 }), i => i.Code == "target-connections");
        Assert.Equal(Readiness.Warn, item.Level);
        Assert.Contains("--jobs 3", item.Remedy, StringComparison.Ordinal);
        Assert.Equal(Readiness.Warn, Assert.Single(Of(Facts with { RoleLimit = 2 }), i => i.Code == "target-connections").Level);
    }

    [Theory]
    [InlineData(40, -1, 0, Readiness.Pass, null)]
    [InlineData(4, -1, 0, Readiness.Warn, "--jobs 1")]
    [InlineData(40, 10, 6, Readiness.Warn, "--jobs 1")]
    public void A_source_without_connections_to_spare_is_a_warning(int free, int limit, int uses, Readiness level, string? remedy)
    {
        var item = Assert.Single(SourceServerCheck.OfFacts(new(free, limit, uses, "logical", 5, 1, 5, 0), 2), i => i.Code == "source-connections");
        Assert.Equal(level, item.Level);
        if (remedy is not null) Assert.Contains(remedy, item.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("logical", 5, 4, "--follow can record changes")]
    [InlineData("logical", 5, 5, "0 of 5 replication slots")]
    [InlineData("replica", 5, 0, "wal_level is replica")]
    public void Slots_say_whether_changes_could_be_followed(string level, int slots, int used, string said) =>
        Assert.Contains(said, Assert.Single(SourceServerCheck.OfFacts(new(40, -1, 0, level, slots, used, 5, 0), 2), i => i.Code == "source-slots").Detail, StringComparison.Ordinal);

    [Fact]
    public void A_page_escapes_what_it_shows()
    {
        var page = ReadinessHtml.Write(new("<app>.db", null, [new("x", Readiness.Warn, "a&b", "<script>alert(1)</script>")]), DateTimeOffset.UnixEpoch);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("&lt;app&gt;.db", page, StringComparison.Ordinal);
    }

    private static List<ReadinessItem> Of(ReadinessCheck.TargetFacts facts) =>
        [.. ReadinessCheck.OfFacts(facts, new FakeTarget(), new MigrationOptions { Jobs = 8 }, 1000)];

    private static void Blocks(string code, IEnumerable<ReadinessItem> items)
    {
        var item = Assert.Single(items, i => i.Level == Readiness.Block);
        Assert.Equal(code, item.Code);
        Assert.NotNull(item.Remedy);
    }
}
