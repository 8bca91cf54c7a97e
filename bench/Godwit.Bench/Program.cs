using System.CommandLine;
using System.Diagnostics;
using Godwit.Bench.Data;

var output = new Argument<string>("FILE") { Description = "the SQLite file to write" };
var set = new Option<Dataset>("--set") { Description = "tracker, narrow or blobs", DefaultValueFactory = _ => Dataset.Tracker };
var users = new Option<int>("--users") { Description = "users of the tracker (40 internships and 10 friendships each)", DefaultValueFactory = _ => new Sizes().Users };
var rows = new Option<int>("--rows") { Description = "rows of the narrow table", DefaultValueFactory = _ => new Sizes().Rows };
var blobs = new Option<int>("--blobs") { Description = "rows of the blob table, 50 kB each", DefaultValueFactory = _ => new Sizes().Blobs };

var generate = new Command("generate", "Writes one of the sample databases") { output, set, users, rows, blobs };
generate.SetAction(parse =>
{
    var watch = Stopwatch.StartNew();
    var path = parse.GetRequiredValue(output);
    Datasets.Write(parse.GetValue(set), path, new Sizes(parse.GetValue(users), parse.GetValue(rows), parse.GetValue(blobs)));
    Console.Error.WriteLine($"{path}: {new FileInfo(path).Length / 1_000_000} MB in {watch.Elapsed.TotalSeconds:0.0} s");
});

return new RootCommand("Times Godwit against the floor, side by side") { generate }.Parse(args).Invoke();
