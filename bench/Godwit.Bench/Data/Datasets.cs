using Godwit.Samples.InternshipTracker;

namespace Godwit.Bench.Data;

internal enum Dataset { Tracker, Narrow, Blobs }

/// <summary>How large each set is. The defaults are those that issue and README quote.</summary>
internal sealed record Sizes(int Users = 50_000, int Rows = 10_000_000, int Blobs = 20_000, int BlobBytes = 50_000);

internal static class Datasets
{
    public const int Seed = 42;

    public static void Write(Dataset set, string path, Sizes sizes)
    {
        switch (set)
        {
            case Dataset.Tracker: TrackerGenerator.Write(path, new TrackerOptions(Users: sizes.Users, Seed: Seed)); break;
            case Dataset.Narrow: WriteNarrow(path, sizes.Rows); break;
            case Dataset.Blobs: WriteBlobs(path, sizes.Blobs, sizes.BlobBytes); break;
            default: throw new ArgumentOutOfRangeException(nameof(set));
        }
    }

    /// <summary>Four small columns: the cost of a row and of a cell, and nothing else.</summary>
    private static void WriteNarrow(string path, int rows)
    {
        using var file = new BulkWriter(path);
        file.Execute("CREATE TABLE narrow (id INTEGER PRIMARY KEY, a INTEGER, b REAL, c TEXT); BEGIN");
        using (var insert = file.Prepare("INSERT INTO narrow VALUES (?,?,?,?)"))
        {
            var random = new SeededRandom(Seed);
            var text = new Utf8Text();
            for (var id = 1; id <= rows; id++)
                insert.Integer(id).Integer(random.Below(1_000_000)).Real(random.Below(1_000_000_000) / 1024.0).Text(text.Add("item-"u8).Add(random.Below(100_000))).Run();
        }
        file.Execute("COMMIT");
    }

    /// <summary>Large values that do not compress: the cost of a byte.</summary>
    private static void WriteBlobs(string path, int rows, int bytes)
    {
        using var file = new BulkWriter(path);
        file.Execute("CREATE TABLE blobs (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body BLOB NOT NULL); BEGIN");
        using (var insert = file.Prepare("INSERT INTO blobs VALUES (?,?,?)"))
        {
            var random = new SeededRandom(Seed);
            var text = new Utf8Text();
            var body = new byte[bytes];
            for (var id = 1; id <= rows; id++)
            {
                random.Fill(body);
                insert.Integer(id).Text(text.Add("file-"u8).Add(id)).Blob(body).Run();
            }
        }
        file.Execute("COMMIT");
    }
}
