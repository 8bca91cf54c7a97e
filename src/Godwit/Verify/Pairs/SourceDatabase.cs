using Godwit.Source;
using Godwit.Target;
using Npgsql;

namespace Godwit.Verify.Pairs;

/// <summary>A source that speaks PostgreSQL, as verification reads either side. Its sessions come pinned from the source itself.</summary>
public sealed class SourceDatabase : ITarget
{
    private readonly IPostgresSource _source;

    private SourceDatabase(IPostgresSource source, TargetProfile profile) => (_source, Profile) = (source, profile);

    public string Display => _source.Info.Display;

    public TargetProfile Profile { get; }

    public static async Task<SourceDatabase> OpenAsync(IPostgresSource source, CancellationToken ct)
    {
        await using var connection = await source.ConnectAsync(ct);
        return new(source, await TargetDatabase.ReadProfileAsync(connection, source.Info.Display, ct));
    }

    public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) => _source.ConnectAsync(ct);

    /// <summary>The source is not this one's to close.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
