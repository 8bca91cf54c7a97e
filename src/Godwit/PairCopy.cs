using System.Collections.Immutable;
using Godwit.Copy;
using Godwit.Journal;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Target;
using Microsoft.Extensions.Logging;

namespace Godwit;

/// <summary>The copy between two PostgreSQL servers: rows of tables, then large objects.</summary>
internal sealed class PairCopy(ISnapshot snapshot, DatabaseSchema schema, ITarget target, Guid run, IProgress<MigrationEvent> progress, TimeProvider clock, ILogger logger)
{
    public async Task<ImmutableArray<TableResult>> RunAsync(MigrationPlan plan, ImmutableArray<JournalChunk> done, MigrationOptions options, CancellationToken ct)
    {
        var tables = await new PumpStage(snapshot, schema, target, run, progress, clock, logger).RunAsync(plan, done, options.Jobs, setsAside: options.Misfits == MisfitPolicy.Quarantine, ct);
        if (schema.Postgres is { LargeObjects.Count: > 0 } && snapshot is IPostgresSnapshot moment && !options.SchemaOnly)
            await new LargeObjectCopy(moment, target, run, progress, clock).RunAsync(ct);
        return tables;
    }
}
