namespace Godwit.Cutover;

/// <summary>One step of a cutover. Each can be repeated: what is done already is passed over.</summary>
public interface ICutoverStep
{
    string Name { get; }
    /// <summary><see cref="UndoAsync"/> brings back what was before. A failure of a later step undoes all reversible steps, last first.</summary>
    bool Reversible { get; }
    /// <summary>From its beginning on, nothing is interrupted and nothing is undone: what it does may be seen by others already, or be found by the next run.</summary>
    bool IsDecision { get; }
    Task<bool> IsDoneAsync(CancellationToken ct);
    Task DoAsync(CancellationToken ct);
    Task UndoAsync(CancellationToken ct);
}

/// <summary>A step made of three functions.</summary>
public sealed class CutoverStep(string name, Func<CancellationToken, Task> work, Func<CancellationToken, Task>? undo = null, Func<CancellationToken, Task<bool>>? isDone = null) : ICutoverStep
{
    public string Name { get; } = name;
    public bool Reversible => undo is not null;
    public bool IsDecision { get; init; }
    public Task<bool> IsDoneAsync(CancellationToken ct) => isDone?.Invoke(ct) ?? Task.FromResult(false);
    public Task DoAsync(CancellationToken ct) => work(ct);
    public Task UndoAsync(CancellationToken ct) => undo?.Invoke(ct) ?? Task.CompletedTask;
}
