using System.CommandLine;
using System.Diagnostics;
using Godwit.Bench;
using Godwit.Bench.Data;
using Godwit.Samples.ClientPortal;
using Npgsql;
using Command = System.CommandLine.Command;

var output = new Argument<string>("FILE") { Description = "the SQLite file to write" };
var set = new Option<Dataset>("--set") { Description = "tracker, narrow or blobs", DefaultValueFactory = _ => Dataset.Tracker };
var users = new Option<int>("--users") { Description = "users of the tracker (40 internships and 10 friendships each)", DefaultValueFactory = _ => new Sizes().Users };
var rows = new Option<int>("--rows") { Description = "rows of the narrow table", DefaultValueFactory = _ => new Sizes().Rows };
var blobs = new Option<int>("--blobs") { Description = "rows of the blob table, 50 kB each", DefaultValueFactory = _ => new Sizes().Blobs };
var pairs = new Option<int>("--pairs") { Description = "rounds; each runs every contender once", DefaultValueFactory = _ => 5 };
var only = new Option<Dataset[]>("--only") { Description = "only these sets", AllowMultipleArgumentsPerToken = true };
var pgloader = new Option<int>("--pgloader") { Description = "rounds with pgloader, where it is installed", DefaultValueFactory = _ => 1 };
var godwit = new Option<string>("--godwit") { Description = "the program to time; without it the release form is published first" };
var data = new Option<string>("--data") { Description = "folder for generated files and the server's data (default bench/data)" };
var results = new Option<string>("--results") { Description = "the file to write (default bench/RESULTS.md)" };

Sizes SizesOf(ParseResult parse) => new(parse.GetValue(users), parse.GetValue(rows), parse.GetValue(blobs));

var generate = new Command("generate", "Writes one of the sample databases") { output, set, users, rows, blobs };
generate.SetAction(parse =>
{
    var watch = Stopwatch.StartNew();
    var path = parse.GetRequiredValue(output);
    Datasets.Write(parse.GetValue(set), path, SizesOf(parse));
    Console.Error.WriteLine($"{path}: {new FileInfo(path).Length / 1_000_000} MB in {watch.Elapsed.TotalSeconds:0.0} s");
});

var run = new Command("run", "Times godwit, godwit with verification, the floor and pgloader, interleaved") { users, rows, blobs, pairs, only, pgloader, godwit, data, results };
run.SetAction(async (parse, stop) =>
{
    var root = FindRoot();
    var folder = Path.GetFullPath(parse.GetValue(data) ?? Path.Combine(root, "bench", "data"));
    Directory.CreateDirectory(folder);
    var program = parse.GetValue(godwit) ?? await Release.PublishAsync(root, folder, stop);
    var (version, versionRuns) = await Release.VersionAsync(program, stop);
    var hasPgloader = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, "pgloader")));

    await using var server = await PrivateServer.StartAsync(Path.GetTempPath(), stop);
    var serverVersion = (await server.Client("psql", "-X", "-A", "-t", "-d", "postgres", "-c", "SHOW server_version").MustAsync(stop)).Output.Trim();
    var contest = new Contest(server, program, folder, Console.Error);
    var finished = new List<ContestResult>();
    foreach (var each in parse.GetValue(only) is { Length: > 0 } chosen ? chosen : Enum.GetValues<Dataset>())
    {
        Console.Error.WriteLine($"{each}:");
        finished.Add(await contest.RunAsync(each, SizesOf(parse), parse.GetValue(pairs), hasPgloader ? parse.GetValue(pgloader) : 0, stop));
    }
    var measured = new Results(finished, versionRuns, $"{version} ({Release.Form(program)})", serverVersion, hasPgloader ? await Release.PgloaderVersionAsync(stop) : "not installed", TimeProvider.System.GetUtcNow());
    var path = parse.GetValue(results) ?? Path.Combine(root, "bench", "RESULTS.md");
    await File.WriteAllTextAsync(path, measured.ToMarkdown(), stop);
    Console.WriteLine(measured.ToMarkdown());
});

var transactions = new Option<int>("--transactions") { Description = "pgbench transactions of the backlog, four row changes each", DefaultValueFactory = _ => 100_000 };
var wide = new Option<int>("--wide") { Description = "updates of wide rows in the backlog", DefaultValueFactory = _ => 200_000 };
var rounds = new Option<int>("--rounds") { Description = "rounds", DefaultValueFactory = _ => 2 };
var lag = new Option<int>("--lag") { Description = "seconds of pgbench -c 4 during which the lag of both is measured; 0 leaves it out", DefaultValueFactory = _ => 30 };
var lagRounds = new Option<int>("--lag-rounds") { Description = "how often the lag of each is measured", DefaultValueFactory = _ => 3 };
var huge = new Option<int>("--huge") { Description = "rows of one transaction during which memory is measured; 0 leaves it out", DefaultValueFactory = _ => 10_000_000 };
var stream = new Command("stream", "Catches up with one backlog by PostgreSQL's own subscription and by Godwit; the lag of both under load; memory with a huge transaction") { transactions, wide, rounds, lag, lagRounds, huge };
stream.SetAction(async (parse, stop) =>
{
    await using var origin = await PrivateServer.StartAsync(Path.GetTempPath(), stop, [.. FollowContest.ServerSettings]);
    await using var target = await PrivateServer.StartAsync(Path.GetTempPath(), stop, [.. FollowContest.ServerSettings]);
    var contest = new FollowContest(origin, target, Console.Error);
    if (parse.GetValue(rounds) is > 0 and var count) Console.WriteLine(await contest.RunAsync(parse.GetValue(transactions), parse.GetValue(wide), count, stop));
    if (parse.GetValue(lag) is > 0 and var seconds) Console.WriteLine(await contest.LagAsync(seconds, parse.GetValue(lagRounds), stop));
    if (parse.GetValue(huge) is > 0 and var many) Console.WriteLine(await contest.MemoryAsync(many, stop));
});

var switches = new Option<int>("--switches") { Description = "cutovers, and as many rollbacks", DefaultValueFactory = _ => 20 };
var follow = new Command("follow", "What following costs the writer of an SQLite file, and how long a cutover and a rollback under load keep everybody from writing") { users, switches, godwit, data };
follow.SetAction(async (parse, stop) =>
{
    var folder = Path.GetFullPath(parse.GetValue(data) ?? Path.Combine(FindRoot(), "bench", "data"));
    Directory.CreateDirectory(folder);
    var program = parse.GetValue(godwit) ?? await Release.PublishAsync(FindRoot(), folder, stop);
    await using var server = await PrivateServer.StartAsync(Path.GetTempPath(), stop);
    Console.WriteLine(await new FollowBench(server, program, folder, Console.Error).RunAsync(SizesOf(parse), parse.GetValue(switches), stop));
});

var database = new Argument<string>("CONNECTION") { Description = "an empty database, as Npgsql names it: Host=...;Database=portal" };
var clients = new Option<int>("--clients") { Description = "clients of the portal, about 120 KB each", DefaultValueFactory = _ => 2500 };
var portal = new Command("portal", "Builds the client portal, in the shape of a Supabase project, in a database; for pairs.sh") { database, clients };
portal.SetAction(async (parse, stop) =>
{
    await using var connection = new NpgsqlConnection(parse.GetRequiredValue(database));
    await connection.OpenAsync(stop);
    await PortalGenerator.BuildAsync(connection, new PortalOptions(parse.GetValue(clients)), stop);
});

return await new RootCommand("Times Godwit against the floor, side by side") { generate, portal, run, follow, stream }.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static string FindRoot()
{
    for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        if (File.Exists(Path.Combine(folder.FullName, "Godwit.slnx"))) return folder.FullName;
    throw new InvalidOperationException("Run it from a clone of the repository.");
}
