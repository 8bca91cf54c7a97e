using System.Collections.Immutable;

namespace Godwit.Plan;

/// <summary>
/// Where the target is meant to differ from its source, as a profile decided: who became whom, what stays behind, what is made otherwise. Part of the plan, so
/// that a verification at any later time expects exactly this.
/// </summary>
public sealed record Departures
{
    /// <summary>The role that connects to the target: it owns what no other role of the target could.</summary>
    public required string Admin { get; init; }
    /// <summary>Everything belongs to <see cref="Admin"/>, whoever owned it.</summary>
    public bool OwnersToAdmin { get; init; }
    /// <summary>Roles of the source that are one with <see cref="Admin"/> on the target: what they owned and were granted is its.</summary>
    public ImmutableArray<string> AdminRoles { get; init; } = [];
    /// <summary>Roles of the source that the target does not have.</summary>
    public ImmutableArray<string> AbsentRoles { get; init; } = [];
    public ImmutableArray<Departure> Objects { get; init; } = [];
}

/// <summary>
/// One object that is not made, or made otherwise. <paramref name="Kind"/>: as a dump calls it, in lower case; "within" is everything in the schema
/// <paramref name="Name"/> that the target lacks. <paramref name="Aspect"/>: only these of its properties, as verification names them, separated by |; null is all.
/// </summary>
public sealed record Departure(string Kind, string Name, string Reason, string? Aspect = null)
{
    public const string Within = "within";

    /// <summary>What a function is and does, without who owns it and who may call it.</summary>
    public const string Definition = "arguments|body|calls|cost|kind|language|leakproof|parallel|parsed body|returns|security|settings|strict|support|volatile";
}
