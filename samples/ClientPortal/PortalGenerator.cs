using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>
/// Builds a financial adviser's client portal in an empty database: a hosted project's platform, the application on top, rows. Synthetic
/// throughout; nobody's data. Needs a superuser of PostgreSQL 14 or later.
/// </summary>
public static class PortalGenerator
{
    private const string Tables = "Portal/0";

    /// <summary>The portal's last day. Everything in it happened before; the real clock plays no part.</summary>
    internal static readonly DateTime Today = new(2025, 6, 30, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Returns the platform's names. A failure leaves the database half built: drop it.</summary>
    public static async Task<PlatformOptions> BuildAsync(NpgsqlConnection superuser, PortalOptions options, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Clients);
        var names = await SupabasePlatform.BuildAsync(superuser, options.Platform, ct);
        var topics = SupabasePlatform.Topics("Portal/");
        // A value that was added to an enum can be used after the transaction that added it.
        await using (var tables = await superuser.BeginTransactionAsync(ct))
        {
            foreach (var topic in topics.Where(IsTables)) await SupabasePlatform.RunAsync(superuser, topic, names, ct);
            await tables.CommitAsync(ct);
        }
        await using var transaction = await superuser.BeginTransactionAsync(ct);
        await Task.Run(() => WriteRows(superuser, options), ct);
        foreach (var topic in topics.Where(t => !IsTables(t))) await SupabasePlatform.RunAsync(superuser, topic, names, ct);
        await transaction.CommitAsync(ct);
        await using var analyze = new NpgsqlCommand("ANALYZE", superuser) { CommandTimeout = 0 };
        await analyze.ExecuteNonQueryAsync(ct);
        return names;
    }

    private static bool IsTables(string topic) => topic.StartsWith(Tables, StringComparison.Ordinal);

    private static void WriteRows(NpgsqlConnection connection, PortalOptions options)
    {
        // One generator a topic: the number of valuations does not change the users.
        var seed = (ulong)(uint)options.Seed << 8;
        AccountRows.Write(connection, new SeededRandom(seed + 1), options);
        SessionRows.Write(connection, new SeededRandom(seed + 2), options);
        CatalogueRows.Write(connection, new SeededRandom(seed + 3));
        GroupRows.Write(connection, new SeededRandom(seed + 4), options);
        var book = Book.Make(new SeededRandom(seed + 5), options);
        ProductRows.Write(connection, new SeededRandom(seed + 6), book);
        ValueRows.Write(connection, new SeededRandom(seed + 7), book);
    }
}
