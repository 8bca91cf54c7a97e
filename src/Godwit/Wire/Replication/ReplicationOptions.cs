using System.Collections.Immutable;
using System.Text;

namespace Godwit.Wire.Replication;

/// <summary>
/// What to ask of pgoutput (PostgreSQL documentation, 55.5.1 "Logical Streaming Replication Parameters"). <paramref name="Start"/>: transactions whose
/// commit ends at or before it are not sent; the slot's own confirmed position counts where it is later.
/// </summary>
public sealed record ReplicationOptions(string Slot, Lsn Start, ImmutableArray<string> Publications)
{
    /// <summary>1 to 4: 2 streams transactions before they commit (14+), 3 sends prepared ones (15+), 4 aborts with a position (16+).</summary>
    public int ProtocolVersion { get; init; } = 1;
    public bool Streaming { get; init; }
    public bool TwoPhase { get; init; }
    /// <summary>Cells in their types' binary form where there is one; the client has to know the types.</summary>
    public bool Binary { get; init; }
    /// <summary>Also what pg_logical_emit_message wrote.</summary>
    public bool Messages { get; init; }
    /// <summary>Only what was written at this server itself (16+). Before, drop transactions that carry an Origin message.</summary>
    public bool OriginNone { get; init; }

    public string Command()
    {
        SlotName.Check(Slot);
        var options = new StringBuilder($"START_REPLICATION SLOT \"{Slot}\" LOGICAL {Start} (proto_version '{ProtocolVersion}', publication_names ");
        options.Append(Literal(string.Join(',', Publications.Select(p => $"\"{p.Replace("\"", "\"\"", StringComparison.Ordinal)}\""))));
        if (Binary) options.Append(", binary 'true'");
        if (Messages) options.Append(", messages 'true'");
        if (Streaming) options.Append(ProtocolVersion >= 4 ? ", streaming 'parallel'" : ", streaming 'on'");
        if (TwoPhase) options.Append(", two_phase 'on'");
        if (OriginNone) options.Append(", origin 'none'");
        return options.Append(')').ToString();
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>What <c>CREATE_REPLICATION_SLOT</c> made. <paramref name="Snapshot"/> may be imported until the connection that made it does anything else.</summary>
public sealed record CreatedSlot(string Name, Lsn Position, string? Snapshot);

public static class SlotName
{
    /// <summary>The server takes lower-case letters, digits and underscores, at most 63.</summary>
    public static string Check(string name) =>
        name.Length is > 0 and < 64 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') ? name
            : throw new ArgumentException($"\"{name}\" is no name for a replication slot.", nameof(name));
}
