namespace Godwit.Samples.ClientPortal;

/// <summary>
/// How large the portal is. Equal options give equal data, on every machine and day. About 120 KB of database each client group:
/// 9,000 clients are about 1 GB, written in a minute or two.
/// </summary>
public sealed record PortalOptions(int Clients = 100, int Seed = 42)
{
    /// <summary>The names of the platform below it.</summary>
    public PlatformOptions Platform { get; init; } = new();

    /// <summary>Advisers, paraplanners, compliance, administrators: the first users.</summary>
    public int Staff => Math.Max(5, Clients / 25);

    /// <summary>Staff, then one user each client group; at least one of every kind of account.</summary>
    public int Users => Staff + Math.Max(AccountKinds.Count, Clients);

    /// <summary>Providers of products; the last one is closed and holds none.</summary>
    internal const int Providers = 15;

    internal const int Funds = 120;
}
