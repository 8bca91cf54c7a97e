namespace Godwit.Verify;

/// <summary>
/// What to compare. <paramref name="Tables"/>: source names, empty is all. <paramref name="Jobs"/>: concurrent readers of each side.
/// <paramref name="SampleRows"/>: rows shown side by side; <paramref name="Seed"/> chooses them, and the rows that mode Sample compares.
/// </summary>
public sealed record VerifyRequest(VerifyMode Mode, int Jobs, IReadOnlyList<string> Tables, int SampleRows = 5, int Seed = 1);
