using Godwit.Source;
using Npgsql;

namespace Godwit.Engines.Export;

/// <summary>
/// Files as a source: a pg_dump archive, or a folder of row exports. They are in a private server when this is made, and read there as any PostgreSQL database.
/// <paramref name="restored"/> reads it; <paramref name="scratch"/> is the server, which goes when this is disposed.
/// </summary>
internal sealed class FilesSource(IPostgresSource restored, IAsyncDisposable scratch, string engine, string display, IEnumerable<Finding> findings) : IPostgresSource
{
    public SourceInfo Info { get; } = restored.Info with { Engine = engine, Display = display, StandsIn = true, Findings = [.. findings, .. restored.Info.Findings] };

    public ISqlTranslator Translator => restored.Translator;

    public NpgsqlConnectionStringBuilder Settings => restored.Settings;

    public Task<NpgsqlConnection> ConnectAsync(CancellationToken ct) => restored.ConnectAsync(ct);

    public GodwitException Explain(Exception e, string doing) => restored.Explain(e, doing);

    public void UseSnapshot(string exported, string position) => restored.UseSnapshot(exported, position);

    public Task<ISnapshot> OpenSnapshotAsync(int readers, CancellationToken ct) => restored.OpenSnapshotAsync(readers, ct);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await restored.DisposeAsync();
        }
        finally
        {
            await scratch.DisposeAsync();
        }
    }
}
