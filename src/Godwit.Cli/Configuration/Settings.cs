using System.Collections.Immutable;

namespace Godwit.Cli.Configuration;

/// <summary>One value and where it came from ("environment: DATABASE_URL", ".env line 3: DATABASE_URL", "godwit.yaml line 2", "default").</summary>
internal sealed record Setting(string Name, string Value, string Origin);

/// <summary>The environment, .env and godwit.yaml of the working directory, in that order of precedence. The command line stands above all.</summary>
internal sealed class Settings
{
    private readonly Dictionary<string, Setting> _variables;

    private Settings(Dictionary<string, Setting> variables, ProjectFile project, List<string> warnings)
    {
        _variables = variables;
        Project = project;
        Warnings = warnings;
        Environment = variables.ToDictionary(v => v.Key, v => v.Value.Value, StringComparer.Ordinal);
        (Source, Target) = ConnectionDefaults.Resolve(this);
    }

    public ProjectFile Project { get; }

    /// <summary>The real environment with .env beneath it.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>Lines of .env that were passed over: the file is the application's, so they do not stop Godwit.</summary>
    public IReadOnlyList<string> Warnings { get; }

    public Setting? Source { get; }
    public Setting? Target { get; }

    public Setting? Variable(string name) => _variables.TryGetValue(name, out var found) && found.Value.Length > 0 ? found : null;

    /// <summary>Reads both files; all problems of godwit.yaml are reported at once.</summary>
    public static Settings Load(Shell shell)
    {
        var problems = new List<string>();
        var warnings = new List<string>();
        var variables = shell.Environment.ToDictionary(v => v.Key, v => new Setting(v.Key, v.Value, $"environment: {v.Key}"), StringComparer.Ordinal);
        if (Read(shell, ".env", warnings) is { } dotEnv)
            foreach (var entry in DotEnv.Parse(dotEnv, warnings))
                if (!shell.Environment.ContainsKey(entry.Name))
                    variables[entry.Name] = new(entry.Name, entry.Value, $".env line {entry.Line}: {entry.Name}");
        var project = Read(shell, ProjectFile.FileName, problems) is { } yaml ? ProjectFileReader.Parse(yaml, problems) : new();
        foreach (var (name, setting) in variables)
        {
            if (SecretMask.IsSecretName(name)) shell.Secrets.Learn(setting.Value);
            else if (setting.Value.Contains("://", StringComparison.Ordinal)) shell.Secrets.LearnConnection(setting.Value);
        }
        shell.Secrets.LearnConnection(project.Source?.Value);
        shell.Secrets.LearnConnection(project.Target?.Value);
        if (problems.Count > 0)
        {
            throw new GodwitException(ErrorKind.Usage, "config-invalid", string.Join('\n', problems),
                "Correct the lines named above; docs/reference/configuration.md lists every key.");
        }
        return new(variables, project, warnings);
    }

    private static string? Read(Shell shell, string name, List<string> problems)
    {
        var path = Path.Combine(shell.WorkingDirectory, name);
        if (!File.Exists(path)) return null;
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{name}: cannot be read: {e.Message}");
            return null;
        }
    }
}
