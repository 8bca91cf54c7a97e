using Godwit.Target;

namespace Godwit.Cli;

/// <summary>The private servers as the command line names them: <c>local</c>, <c>local:NAME</c>. Each has one database for the user's tables.</summary>
internal static class LocalServers
{
    public const string Database = "app";
    public const string DemoName = "demo";

    public static bool IsLocal(string connection) => connection == "local" || connection.StartsWith("local:", StringComparison.Ordinal);

    public static string NameOf(string connection) => connection == "local" ? LocalServer.DefaultName : connection["local:".Length..];

    public static LocalServer Find(string name, IReadOnlyDictionary<string, string> environment, TimeProvider clock, Action<string>? note = null) => LocalServer.For(name, new()
    {
        Environment = variable => environment.GetValueOrDefault(variable),
        Clock = clock,
        Progress = note is null ? null : new Notes(note),
    });

    /// <summary>Starts the server where it does not run and makes its database where it is missing.</summary>
    public static async Task<ConnectionSettings> ReadyAsync(LocalServer server, bool fresh, CancellationToken ct)
    {
        await server.StartAsync(ct);
        await server.EnsureDatabaseAsync(Database, fresh, ct);
        return server.Settings(Database);
    }

    private sealed class Notes(Action<string> note) : IProgress<string>
    {
        public void Report(string value) => note(value);
    }
}
