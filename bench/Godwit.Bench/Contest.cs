using System.Globalization;
using Godwit.Bench.Data;
using Npgsql;
using SQLitePCL;

namespace Godwit.Bench;

internal enum Contender { Floor, Godwit, GodwitVerified, Pgloader }

internal sealed record Lap(int Round, Contender Contender, TimeSpan Elapsed, long PeakBytes, long PeakPrivateBytes)
{
    /// <summary>Processor time of the contender's own processes, and of the server's.</summary>
    public TimeSpan Client { get; init; }
    public TimeSpan Server { get; init; }
}

internal sealed record ContestResult(Dataset Set, long SourceBytes, long CopyBytes, IReadOnlyDictionary<string, long> Rows, IReadOnlyList<Lap> Laps);

/// <summary>One data set, all contenders, round by round: what changes on the machine meanwhile hits all alike.</summary>
internal sealed class Contest(PrivateServer server, string godwit, string folder, TextWriter log)
{
    private const string Arena = "arena";

    public async Task<ContestResult> RunAsync(Dataset set, Sizes sizes, int pairs, int pgloaderRuns, CancellationToken stop)
    {
        var source = Prepare(set, sizes);
        var rows = CountSource(source);
        // The first migration warms both caches, is not timed, and is what the floor is learnt from.
        await server.FreshAsync(Arena, stop);
        await Migrate(source, "off").MustAsync(stop);
        await AssertRowsAsync(rows, stop);
        var floor = await Floor.LearnAsync(server, Arena, Path.Combine(folder, $"{set}".ToLowerInvariant() + "-copy"), stop);

        var laps = new List<Lap>();
        for (var round = 1; round <= pairs; round++)
        {
            Contender[] order = [Contender.Floor, Contender.Godwit, Contender.GodwitVerified];
            if (round % 2 == 0) Array.Reverse(order);
            foreach (var contender in order) laps.Add(await LapAsync(round, contender, source, floor, rows, stop));
            if (round <= pgloaderRuns) await PgloaderAsync(round, source, floor, rows, laps, stop);
        }
        return new(set, new FileInfo(source).Length, floor.Bytes, rows, laps);
    }

    private async Task<Lap> LapAsync(int round, Contender contender, string source, Floor floor, IReadOnlyDictionary<string, long> rows, CancellationToken stop)
    {
        await server.FreshAsync(Arena, stop);
        var (client, backends) = (ProcessorTime.OfEndedChildren(), server.ProcessorTime());
        var lap = contender switch
        {
            Contender.Floor => new Lap(round, contender, await floor.RunAsync(Arena, stop), 0, 0),
            Contender.Godwit => Measured(round, contender, await Migrate(source, "off").MustAsync(stop)),
            Contender.GodwitVerified => Measured(round, contender, await Migrate(source, "full").MustAsync(stop)),
            _ => Measured(round, contender, await (new Command("pgloader", [source, server.Url(Arena, "postgresql")]) { Environment = server.Environment }).MustAsync(stop)),
        };
        lap = lap with { Client = ProcessorTime.OfEndedChildren() - client, Server = server.ProcessorTime() - backends };
        await AssertRowsAsync(rows, stop);
        await log.WriteLineAsync($"round {round}: {contender} {lap.Elapsed.TotalSeconds:0.00} s, processor {lap.Client.TotalSeconds:0.00} + {lap.Server.TotalSeconds:0.00} s" + (lap.PeakBytes > 0 ? $", {lap.PeakBytes / 1_000_000} MB" : ""));
        return lap;
    }

    /// <summary>Another tool's failure is a result, not a reason to stop.</summary>
    private async Task PgloaderAsync(int round, string source, Floor floor, IReadOnlyDictionary<string, long> rows, List<Lap> laps, CancellationToken stop)
    {
        try
        {
            laps.Add(await LapAsync(round, Contender.Pgloader, source, floor, rows, stop));
        }
        catch (InvalidOperationException e)
        {
            await log.WriteLineAsync($"round {round}: Pgloader failed: {e.Message}");
        }
    }

    private static Lap Measured(int round, Contender contender, Ran ran) => new(round, contender, ran.Elapsed, ran.PeakBytes, ran.PeakPrivateBytes);

    private Command Migrate(string source, string verify) =>
        new(godwit, ["migrate", source, server.Url(Arena), "--verify", verify, "--jobs", $"{Floor.Sessions}", "--quiet", "--yes", "--no-input"]) { Environment = server.Environment };

    /// <summary>Files are kept from run to run, by set and size.</summary>
    private string Prepare(Dataset set, Sizes sizes)
    {
        var size = set switch { Dataset.Tracker => sizes.Users, Dataset.Narrow => sizes.Rows, _ => sizes.Blobs };
        var path = Path.Combine(folder, $"{set}-{size}.db".ToLowerInvariant());
        if (File.Exists(path)) return path;
        log.WriteLine($"writing {path}");
        Datasets.Write(set, path + ".part", sizes);
        File.Move(path + ".part", path);
        return path;
    }

    private static Dictionary<string, long> CountSource(string path)
    {
        Batteries_V2.Init();
        raw.sqlite3_open_v2(path, out var db, raw.SQLITE_OPEN_READONLY, null);
        using (db)
        {
            var counts = new Dictionary<string, long>();
            foreach (var table in Rows(db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"))
                counts[table] = long.Parse(Rows(db, $"SELECT count(*) FROM {table}")[0], CultureInfo.InvariantCulture);
            return counts;
        }
    }

    private static List<string> Rows(sqlite3 db, string sql)
    {
        var rows = new List<string>();
        raw.sqlite3_prepare_v2(db, sql, out var statement);
        using (statement)
            while (raw.sqlite3_step(statement) == raw.SQLITE_ROW) rows.Add(raw.sqlite3_column_text(statement, 0).utf8_to_string());
        return rows;
    }

    private async Task AssertRowsAsync(IReadOnlyDictionary<string, long> expected, CancellationToken stop)
    {
        await using var connection = await server.ConnectAsync(Arena, stop);
        foreach (var (table, rows) in expected)
        {
            await using var command = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection);
            var found = (long)(await command.ExecuteScalarAsync(stop))!;
            if (found != rows) throw new InvalidOperationException($"{table} has {found} rows instead of {rows}");
        }
        if (expected.Count == 0 || expected.Values.All(r => r == 0)) throw new InvalidOperationException("nothing was measured: the source is empty");
    }
}
