using Godwit.Samples.ClientPortal;
using Xunit;

namespace Godwit.IntegrationTests.Portal;

internal static class PlatformDatabase
{
    /// <summary>Gives the test's database the shape of a hosted project. Roles are shared with other tests unless the options carry a prefix: do not change them.</summary>
    public static async Task<PlatformOptions> BuildPlatformAsync(this TestDatabase database, PlatformOptions? options = null)
    {
        await using var connection = await database.ConnectAsync();
        return await SupabasePlatform.BuildAsync(connection, options ?? new PlatformOptions(), TestContext.Current.CancellationToken);
    }

    /// <summary>The whole sample: platform, application, rows.</summary>
    public static async Task<PlatformOptions> BuildPortalAsync(this TestDatabase database, PortalOptions? options = null)
    {
        await using var connection = await database.ConnectAsync();
        return await PortalGenerator.BuildAsync(connection, options ?? new PortalOptions(Clients: 30), TestContext.Current.CancellationToken);
    }
}
