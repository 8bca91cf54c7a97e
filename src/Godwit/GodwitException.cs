namespace Godwit;

/// <summary>What kind of failure it was. Retries and exit codes depend on this, never on the text of a message.</summary>
public enum ErrorKind
{
    /// <summary>The command line, an environment variable or a configuration file is wrong: exit 2.</summary>
    Usage,
    /// <summary>A check or a safety rule refused: exit 4. Nothing was changed.</summary>
    Blocked,
    /// <summary>The source cannot be read: missing, corrupt, encrypted. Trying again does not help: exit 1.</summary>
    SourceFatal,
    /// <summary>The source is locked or busy. Trying again may help: exit 1.</summary>
    SourceTransient,
    /// <summary>The target refuses: password, privileges, version: exit 1.</summary>
    TargetFatal,
    /// <summary>The target went away or ran out of something. The same command resumes: exit 1.</summary>
    TargetTransient,
    /// <summary>A bug in Godwit: exit 1.</summary>
    Internal,
}

/// <summary>
/// The one error type that users see, printed once as <c>error:</c> / <c>try:</c>.
/// <paramref name="code"/> is stable and kebab-case ("source-missing"); tests and scripts depend on it, not on prose.
/// <paramref name="problem"/> says what, where and why; <paramref name="hint"/> is the next thing to type or do.
/// </summary>
public sealed class GodwitException(ErrorKind kind, string code, string problem, string? hint = null, Exception? inner = null)
    : Exception(problem, inner)
{
    public ErrorKind Kind { get; } = kind;
    public string Code { get; } = code;
    public string Problem { get; } = problem;
    public string? Hint { get; } = hint;
    /// <summary>SQLSTATE of the server, where a server said it.</summary>
    public string? SqlState { get; init; }
}
