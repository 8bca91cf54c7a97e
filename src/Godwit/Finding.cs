namespace Godwit;

/// <summary>How much a finding matters.</summary>
public enum Severity
{
    /// <summary>A decision Godwit took for the user, or a fact worth knowing. Nothing is lost.</summary>
    Info,
    /// <summary>Something differs from the source, or did not fit, and is accounted for.</summary>
    Warning,
    /// <summary>The migration cannot start or finish as asked.</summary>
    Block,
}

/// <summary>
/// Everything lossy, impossible, surprising or skipped. <paramref name="Code"/> is stable, kebab-case and documented in
/// docs/reference/findings.md; <paramref name="Subject"/> is the object in source names ("users.bio", "index users_email");
/// <paramref name="Hint"/> is the remedy or the flag that changes the decision.
/// </summary>
public sealed record Finding(string Code, Severity Severity, string Subject, string Problem, string? Hint = null);
