namespace Godwit.Target;

/// <summary>How private servers are found, made and run. The defaults serve a user's trial; tests change the folder and the durability.</summary>
public sealed record LocalServerOptions
{
    /// <summary>Looks up GODWIT_PG_BIN, PATH, HOME and XDG_DATA_HOME.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;
    public TimeProvider Clock { get; init; } = TimeProvider.System;
    /// <summary>Folder that holds one folder a server; null is the user's data folder (of root: /var/lib/godwit/local).</summary>
    public string? Root { get; init; }
    /// <summary>False gives up fsync: faster, and lost when the machine crashes. For tests.</summary>
    public bool Durable { get; init; } = true;
    /// <summary>Root on a machine with apt-get may have the distribution's package installed where no PostgreSQL is found.</summary>
    public bool MayInstall { get; init; } = true;
    /// <summary>One line for each thing that takes a while.</summary>
    public IProgress<string>? Progress { get; init; }
    /// <summary>Further lines of postgresql.conf, by name.</summary>
    public IReadOnlyDictionary<string, string> ServerSettings { get; init; } = new Dictionary<string, string>();
}
