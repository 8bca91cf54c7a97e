using System.Globalization;
using Godwit.Target;

namespace Godwit.IntegrationTests.Crash;

/// <summary>How much is broken in one run: little here, a lot where bench/soak says so.</summary>
internal static class BrokenWays
{
    public static readonly int Cuts = Number("GODWIT_CUTS", 5), Stalls = Number("GODWIT_STALLS", 2), Restarts = Number("GODWIT_RESTARTS", 4);

    private static int Number(string name, int usual) => int.Parse(Environment.GetEnvironmentVariable(name) ?? $"{usual}", CultureInfo.InvariantCulture);

    /// <summary>The same database, by way of the proxy.</summary>
    public static ConnectionSettings Through(this TcpProxy proxy, ConnectionSettings settings)
    {
        var direct = settings.ToBuilder();
        return ConnectionSettings.Parse($"host=127.0.0.1 port={proxy.Port} dbname={direct.Database} user={direct.Username} sslmode=disable", name => name == "PGPASSWORD" ? direct.Password : null);
    }

    public static TcpProxy ProxyTo(ConnectionSettings settings)
    {
        var direct = settings.ToBuilder();
        return new(direct.Host!, direct.Port);
    }
}
