using Godwit.Journal;
using Godwit.Plan;
using Npgsql;

namespace Godwit.PostData;

/// <summary>Which of the server's errors mean that a step cannot be, and how that is told.</summary>
internal static class StepRefusal
{
    /// <summary>
    /// The data or the definition is refused, not the session: integrity (23), data (22), limits (54), unsupported (0A), definition (42, but not
    /// privileges), a missing prerequisite (55000). https://www.postgresql.org/docs/current/errcodes-appendix.html
    /// </summary>
    public static bool IsRefusal(PostgresException e) =>
        e.SqlState[..2] is "23" or "22" or "54" or "0A" || e.SqlState == "55000" || (e.SqlState.StartsWith("42", StringComparison.Ordinal) && e.SqlState != PostgresErrorCodes.InsufficientPrivilege);

    /// <summary>What is set for the database as a whole, or said of an extension, is its owner's to say. Every row and object is there by then, and no other step waits for it.</summary>
    public static bool IsForTheOwner(SqlStep step, PostgresException e) => step.Kind == StepKind.Setting && e.SqlState == PostgresErrorCodes.InsufficientPrivilege;

    public static Finding Describe(SqlStep step, StepOutcome outcome, string detail) => step.Kind switch
    {
        StepKind.ForeignKeyValidation => new("foreign-key-orphans", Severity.Warning, step.Subject,
            $"The source holds rows without a parent: {detail}. The key stands NOT VALID: those rows stay, new ones are checked.", "Repair those rows, then ALTER TABLE ... VALIDATE CONSTRAINT."),
        StepKind.ForeignKey when outcome == StepOutcome.Fallback => new("foreign-key-orphans", Severity.Warning, step.Subject,
            $"The source holds rows without a parent ({detail}). The key stands NOT VALID: those rows stay, new ones are checked.", "Repair those rows, then ALTER TABLE ... VALIDATE CONSTRAINT."),
        StepKind.Check when outcome == StepOutcome.Fallback => new("check-broken", Severity.Warning, step.Subject,
            $"Rows of the source break it ({detail}). It stands NOT VALID: those rows stay, new ones are checked.", "Repair those rows, then ALTER TABLE ... VALIDATE CONSTRAINT."),
        StepKind.Setting => new("step-refused", Severity.Warning, step.Subject, $"PostgreSQL refused it: {detail} It was left out. The statement: {step.Sql}", "Let the owner of what it names, or a superuser, run the statement."),
        _ => new("step-refused", Severity.Warning, step.Subject, $"PostgreSQL refused it: {detail} It was left out. The statement: {step.Sql}",
            "Change the data or the definition, then run the statement by hand."),
    };
}
