using System.Text.RegularExpressions;

namespace Godwit.Cutover;

/// <summary>One key of a .env file and its new value; a value of $NAME takes that of another key of the file, so that no secret need be typed.</summary>
public sealed record EnvChange(string Key, string Value);

/// <summary>
/// Changes keys of a .env file as a whole or not at all: the new text is written beside it and renamed over it. The old file is kept beside it
/// until it is restored.
/// </summary>
public static partial class EnvFile
{
    private const string BackupSuffix = ".before-cutover", UndoSuffix = ".before-rollback";

    public static string BackupOf(string file) => file + BackupSuffix;

    /// <summary>Every other line stays as it is; keys that the file does not have are added at its end.</summary>
    public static string Change(string text, IReadOnlyList<EnvChange> changes, string file)
    {
        var values = Line().Matches(text).ToLookup(m => m.Groups["key"].Value, m => m.Groups["value"].Value.TrimEnd('\r'));
        foreach (var change in changes)
        {
            var value = change.Value;
            if (value.StartsWith('$'))
                value = values[value[1..]].LastOrDefault() ?? throw new GodwitException(ErrorKind.Usage, "env-key-missing", $"{file} has no key {value[1..]}, whose value {change.Key} is to take.", "Write that key into the file first.");
            var found = false;
            text = Line().Replace(text, m =>
            {
                if (m.Groups["key"].Value != change.Key) return m.Value;
                found = true;
                return $"{m.Groups["head"].Value}{value}{(m.Value.EndsWith('\r') ? "\r" : "")}";
            });
            if (!found) text += $"{(text.Length == 0 || text.EndsWith('\n') ? "" : "\n")}{change.Key}={value}\n";
        }
        return text;
    }

    public static void Apply(string file, IReadOnlyList<EnvChange> changes)
    {
        try
        {
            var changed = Change(File.ReadAllText(file), changes, file);
            // The first backup is the one that tells how it was before: a repeated cutover must not replace it.
            if (!File.Exists(BackupOf(file))) File.Copy(file, BackupOf(file));
            Replace(file, changed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Internal, "env-not-written", $"{file} could not be changed: {e.Message}", "Check the file's and its folder's permissions.", e);
        }
    }

    /// <summary>Returns false where there is nothing to restore.</summary>
    public static bool Restore(string file, bool undoable = false)
    {
        try
        {
            if (!File.Exists(BackupOf(file))) return false;
            if (undoable && File.Exists(file)) File.Copy(file, file + UndoSuffix, overwrite: true);
            File.Move(BackupOf(file), file, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Internal, "env-not-written", $"{file} could not be restored from {BackupOf(file)}: {e.Message}", $"Copy {BackupOf(file)} over {file} by hand.", e);
        }
    }

    /// <summary>Keys that a cutover changed: their old values stand in the backup only. Empty where there is none.</summary>
    public static IReadOnlyList<string> ChangedKeys(string file)
    {
        if (!File.Exists(BackupOf(file)) || !File.Exists(file)) return [];
        ILookup<string, string> Read(string path) => Line().Matches(File.ReadAllText(path)).ToLookup(m => m.Groups["key"].Value, m => m.Groups["value"].Value.TrimEnd('\r'));
        var (before, now) = (Read(BackupOf(file)), Read(file));
        return [.. before.Select(k => k.Key).Union(now.Select(k => k.Key)).Where(k => before[k].LastOrDefault() != now[k].LastOrDefault())];
    }

    /// <summary>The rollback stands: what it replaced is kept no longer.</summary>
    public static void Forget(string file) => File.Delete(file + UndoSuffix);

    /// <summary>Takes an undoable <see cref="Restore"/> back: both files are what they were before it.</summary>
    public static void UndoRestore(string file)
    {
        try
        {
            if (!File.Exists(file + UndoSuffix)) return;
            if (!File.Exists(BackupOf(file))) File.Copy(file, BackupOf(file));
            File.Move(file + UndoSuffix, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.Internal, "env-not-written", $"{file} could not be restored from {file + UndoSuffix}: {e.Message}", $"Copy {file + UndoSuffix} over {file} by hand.", e);
        }
    }

    private static void Replace(string file, string text)
    {
        var beside = file + ".new";
        File.Copy(file, beside, overwrite: true); // the same permissions
        File.WriteAllText(beside, text);
        File.Move(beside, file, overwrite: true);
    }

    [GeneratedRegex(@"^(?<head>[ \t]*(?:export[ \t]+)?(?<key>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*)(?<value>.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
