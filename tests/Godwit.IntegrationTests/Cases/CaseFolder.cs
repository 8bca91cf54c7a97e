using System.Runtime.CompilerServices;
using Godwit.Plan;

namespace Godwit.IntegrationTests.Cases;

/// <summary>One hazard: a folder of plain text files beside this one. README.md there says what each of them is.</summary>
internal sealed record CaseFolder(string Name)
{
    /// <summary>GODWIT_CASES=write: what a run gives is written down as what is expected, to be read before it is committed.</summary>
    public static bool Writes { get; } = Environment.GetEnvironmentVariable("GODWIT_CASES") == "write";

    public static IEnumerable<CaseFolder> All() =>
        Directory.EnumerateFiles(Root, "source.sql", SearchOption.AllDirectories).Select(f => new CaseFolder(Path.GetRelativePath(Root, Path.GetDirectoryName(f)!))).OrderBy(c => c.Name, StringComparer.Ordinal);

    public string Source => File.ReadAllText(Path.Combine(Root, Name, "source.sql"));

    /// <summary>Executed in the target before the migration; null where there is none.</summary>
    public string? Before => Path.Combine(Root, Name, "target.sql") is var file && File.Exists(file) ? File.ReadAllText(file) : null;

    /// <summary>Statements that are tried on both sides afterwards, one a line; a "-- differs: why" above one allows that the sides answer differently.</summary>
    public IEnumerable<(string Sql, bool MayDiffer)> Probes()
    {
        var file = Path.Combine(Root, Name, "probes.sql");
        if (!File.Exists(file)) yield break;
        var differs = false;
        foreach (var line in File.ReadLines(file).Select(l => l.Trim()).Where(l => l.Length > 0))
        {
            if (!line.StartsWith("--", StringComparison.Ordinal)) yield return (line, differs);
            differs = line.StartsWith("-- differs:", StringComparison.Ordinal);
        }
    }

    /// <summary>From a first line "-- flags: --fts --on-misfit quarantine" of source.sql.</summary>
    public MigrationOptions Options()
    {
        // One reader: rows stand in the order of the source.
        var options = new MigrationOptions { Jobs = 1 };
        const string Mark = "-- flags:";
        if (Source.Split('\n')[0] is not { } line || !line.StartsWith(Mark, StringComparison.Ordinal)) return options;
        var words = line[Mark.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        for (var i = 0; i < words.Length; i++)
            options = words[i] switch
            {
                "--fts" => options with { FullTextSearch = true },
                "--data-only" => options with { DataOnly = true },
                "--index-foreign-keys" => options with { IndexForeignKeys = true },
                "--names" => options with { Names = words[++i] == "fold" ? NameStyle.Fold : NameStyle.Keep },
                "--on-misfit" => options with { Misfits = Enum.Parse<MisfitPolicy>(words[++i], ignoreCase: true) },
                "--cast" => options with { Casts = options.Casts.Add(new(words[++i].Split('=')[0], words[i].Split('=')[1])) },
                "--exclude" => options with { Exclude = options.Exclude.Add(words[++i]) },
                _ => throw new InvalidOperationException($"{Name}/source.sql: {words[i]} is not known to CaseFolder"),
            };
        return options;
    }

    /// <summary>What the file holds, or "" where it is missing. Written first where <see cref="Writes"/> is set.</summary>
    public string Expected(string file, string actual)
    {
        if (Writes)
            foreach (var root in new[] { Root, SourceRoot() })
                if (actual.Length > 0) File.WriteAllText(Path.Combine(root, Name, file), actual);
                else File.Delete(Path.Combine(root, Name, file));
        var path = Path.Combine(Root, Name, file);
        return File.Exists(path) ? File.ReadAllText(path) : "";
    }

    private static string Root { get; } = Path.Combine(AppContext.BaseDirectory, "Cases");

    private static string SourceRoot([CallerFilePath] string self = "") => Path.GetDirectoryName(self)!;
}
