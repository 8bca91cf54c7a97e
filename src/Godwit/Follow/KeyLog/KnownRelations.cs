using Godwit.Wire.Replication;

namespace Godwit.Follow.KeyLog;

/// <summary>The names under which changes of one table are given: changes of each are in order among themselves.</summary>
internal enum RelationUse
{
    Whole,
    /// <summary>What comes behind everything of <see cref="Whole"/>.</summary>
    Again,
    /// <summary>Rows from before columns were added.</summary>
    Narrow,
}

/// <summary>
/// One object for a table as long as it stays as it is: who applies changes knows a table by its object, and has statements prepared for each.
/// </summary>
internal sealed class KnownRelations
{
    private readonly Dictionary<(uint Id, RelationUse Use, int Columns), Relation> _known = [];

    /// <summary>The one that was given before, where it is equal; else <paramref name="made"/>.</summary>
    public Relation Same(Relation made, RelationUse use)
    {
        var key = (made.Id, use, made.Columns.Length);
        return _known.TryGetValue(key, out var known) && known.IsLike(made) ? known : _known[key] = made;
    }
}
