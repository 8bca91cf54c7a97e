using Godwit.Cutover;
using Npgsql;

namespace Godwit;

/// <summary>What is no row of a table, and no stream brings: large objects, and the files that the storage service keeps beside the database. Compared and brought before the fence, so that little is left for behind it.</summary>
internal sealed class PairUnstreamed(PairSession session, MigrationOptions options, Action<Finding> found)
{
    private (int Written, int Removed) _objects;
    private bool _noObjects;
    private long _files;

    /// <summary>Steps where there is something to bring.</summary>
    public async Task<List<ICutoverStep>> BeforeFenceAsync(CancellationToken ct)
    {
        List<ICutoverStep> steps = [];
        _noObjects = !await Objects(back: false).ExistAsync(ct);
        if (!_noObjects) steps.Add(new CutoverStep("bring over large objects", token => BringObjectsAsync(back: false, token)));
        if (HasFiles) steps.Add(new CutoverStep("bring over files", token => BringFilesAsync(tell: false, token)));
        return steps;
    }

    public IEnumerable<ICutoverStep> BehindFence(bool back)
    {
        yield return new CutoverStep("large objects", async token =>
        {
            await BringObjectsAsync(back, token);
            if (_objects is not (0, 0))
                found(new("cutover-large-objects", Severity.Info, (back ? session.Old : session.New).Display, $"{_objects.Written} large object(s) brought {(back ? "back" : "over")}, {_objects.Removed} removed: no stream tells of them, so that all of both sides are compared."));
        });
        // What is stored after the switch is stored by another service, whose files Godwit does not know.
        if (HasFiles && !back) yield return new CutoverStep("files", token => BringFilesAsync(tell: true, token));
    }

    public async Task BringObjectsAsync(bool back, CancellationToken ct)
    {
        // Behind a fence each round trip counts, and most databases have none.
        if (_noObjects && !await Objects(back).ExistThereAsync(ct)) return;
        var (written, removed) = await Objects(back).BringAsync(ct);
        _objects = (_objects.Written + written, _objects.Removed + removed);
    }

    private bool HasFiles => session.Plan.Carriage?.StorageFiles is not null;

    private StrayLargeObjects Objects(bool back) => back ? new(session.New, session.Old, session.Run.Id, back) : new(session.Old, session.New, session.Run.Id, back);

    private async Task BringFilesAsync(bool tell, CancellationToken ct)
    {
        await using var connection = await session.Old.ConnectAsync(ct);
        try
        {
            var result = await Surroundings.CarryFilesAsync(connection, session.Plan.Carriage!, options, ct);
            _files += result.Files;
            if (!tell) return;
            if (_files > 0) found(new("cutover-files", Severity.Info, session.Plan.Carriage!.StorageFolder, $"{_files} file(s) of storage were brought over that were stored since they were copied."));
            foreach (var finding in result.Findings) found(finding);
        }
        catch (NpgsqlException e)
        {
            throw session.Old.Map(e, "Reading what is stored");
        }
    }
}
