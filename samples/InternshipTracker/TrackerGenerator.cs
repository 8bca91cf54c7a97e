namespace Godwit.Samples.InternshipTracker;

/// <summary>
/// Writes the internship tracker's SQLite file: a Flask application that has been used for a few years. Synthetic throughout; nobody's data.
/// </summary>
public static class TrackerGenerator
{
    /// <summary>The application's last day. Everything in the file happened before it; the real clock plays no part.</summary>
    internal static readonly DateTime Today = new(2025, 6, 30, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Replaces the file at <paramref name="path"/>. About 100,000 internships a second.</summary>
    public static void Write(string path, TrackerOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Users);
        ArgumentOutOfRangeException.ThrowIfNegative(options.InternshipRows);
        ArgumentOutOfRangeException.ThrowIfNegative(options.FriendshipRows);
        using var file = new BulkWriter(path);
        file.Execute(TrackerSchema.Tables);
        file.Execute("BEGIN");
        // One generator a table: the number of internships does not change the friendships.
        var seed = (ulong)(uint)options.Seed << 8;
        UserRows.Write(file, new SeededRandom(seed + 1), options.Users);
        InternshipRows.Write(file, new SeededRandom(seed + 2), options.InternshipRows, options.Users);
        FriendshipRows.Write(file, new SeededRandom(seed + 3), options.FriendshipRows, options.Users);
        file.Execute("COMMIT");
        file.Execute(TrackerSchema.Indexes);
        file.Execute("ANALYZE");
        if (options.Wal) file.Execute("PRAGMA journal_mode = WAL");
    }

    internal static Utf8Text AddDate(this Utf8Text text, DateTime day) =>
        text.AddPadded(day.Year, 4).Add('-').AddPadded(day.Month, 2).Add('-').AddPadded(day.Day, 2);

    /// <summary>As SQLAlchemy writes it, with microseconds, or as CURRENT_TIMESTAMP does, without.</summary>
    internal static Utf8Text AddMoment(this Utf8Text text, DateTime moment, int? microseconds)
    {
        text.AddDate(moment).Add(' ').AddPadded(moment.Hour, 2).Add(':').AddPadded(moment.Minute, 2).Add(':').AddPadded(moment.Second, 2);
        return microseconds is { } us ? text.Add('.').AddPadded(us, 6) : text;
    }

    internal static DateTime Before(this SeededRandom random, DateTime end, int days) =>
        end.AddDays(-random.Below(days)).AddSeconds(-random.Below(86_400));

    internal static DateTime Between(this SeededRandom random, DateTime start, DateTime end) =>
        start.AddSeconds(random.Below((int)(end - start).TotalSeconds + 1));

    internal static int? Microseconds(this SeededRandom random) => random.Percent(70) ? random.Below(1_000_000) : null;
}
