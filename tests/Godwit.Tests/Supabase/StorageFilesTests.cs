using System.Net;
using System.Text;
using Godwit.Supabase;
using Xunit;

namespace Godwit.Tests.Supabase;

/// <summary>The bytes of storage, from a folder and through the Storage API.</summary>
public sealed class StorageFilesTests : IDisposable
{
    private static readonly DateTime s_written = new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc).AddMicroseconds(123456);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("godwit-files-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string From => Path.Combine(_folder.FullName, "from");
    private string To => Path.Combine(_folder.FullName, "to");

    public void Dispose() => _folder.Delete(recursive: true);

    private void Store(string name, string content)
    {
        var path = Path.Combine(From, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    private string Copied(string name) => File.ReadAllText(Path.Combine(To, name));

    private static async Task<StorageResult> CopyAsync(string from, string to, string? key, params StoredFile[] files)
    {
        using var http = new HttpClient();
        return await new StorageFiles(http, key).CopyAsync(from, to, [.. files], 2, Token);
    }

    [Fact]
    public async Task What_is_there_stays_and_what_was_replaced_comes_again_also_where_its_size_is_the_same()
    {
        Store("b/plain.txt", "plain");
        Store("b/deep/er.txt", "deeper");
        // As a self-hosted service keeps it.
        Store("b/hosted.txt/v2", "version two");
        StoredFile[] files = [new("b", "plain.txt", "v1", 5, s_written), new("b", "deep/er.txt", "v1", 6, s_written), new("b", "hosted.txt", "v2", 11, null)];
        Assert.Equal((3, 0), await CountAsync());
        Assert.Equal(["plain", "deeper", "version two"], files.Select(f => Copied($"b/{f.Name}")));
        Assert.Equal((0, 3), await CountAsync());

        Store("b/plain.txt", "PLAIN");
        files[0] = files[0] with { Written = s_written.AddSeconds(1) };
        Assert.Equal((1, 2), await CountAsync());
        Assert.Equal("PLAIN", Copied("b/plain.txt"));

        async Task<(long, long)> CountAsync() => await CopyAsync(From, To, null, files) is var result ? (result.Files, result.Kept) : default;
    }

    [Fact]
    public async Task What_lacks_differs_or_leads_elsewhere_is_named_and_nothing_is_written_outside()
    {
        Store("b/short", "abc");
        File.WriteAllText(Path.Combine(_folder.FullName, "secret"), "secret");
        var result = await CopyAsync(From, To, null, new("b", "short", "", 4, s_written), new("b", "gone", "", 1, s_written), new("b", "../../secret", "", 6, s_written), new("..", "secret", "", 6, s_written));
        Assert.Equal(["storage-file-differs", "storage-file-missing", "storage-name-unsafe"], result.Findings.Select(f => f.Code).Order());
        Assert.Contains("b/short (3 bytes instead of 4)", result.Findings.Single(f => f.Code == "storage-file-differs").Problem, StringComparison.Ordinal);
        Assert.Equal([Path.Combine(To, "b", "short")], Directory.EnumerateFiles(To, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task The_API_is_asked_with_the_key_and_a_refused_key_is_an_error()
    {
        using var listener = new HttpListener();
        var port = FreePort();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var answering = Task.Run(async () =>
        {
            for (var asked = 0; asked < 3; asked++)
            {
                var context = await listener.GetContextAsync();
                var right = context.Request.Headers["Authorization"] == "Bearer right" && context.Request.Headers["apikey"] == "right";
                context.Response.StatusCode = !right ? 403 : context.Request.RawUrl == "/storage/v1/object/b/a%20b/%C3%A9.txt" ? 200 : 400;
                if (context.Response.StatusCode == 200) await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes("through the API"), Token);
                context.Response.Close();
            }
        }, Token);

        var result = await CopyAsync($"http://127.0.0.1:{port}", To, "right", new("b", "a b/é.txt", "", 15, s_written), new("b", "gone", "", 1, s_written));
        Assert.Equal("through the API", Copied("b/a b/é.txt"));
        Assert.Contains("b/gone", Assert.Single(result.Findings).Problem, StringComparison.Ordinal);
        Assert.Equal("storage-key-refused", (await Assert.ThrowsAsync<GodwitException>(() => CopyAsync($"http://127.0.0.1:{port}", To, "wrong", new StoredFile("b", "x", "", 1, null)))).Code);
        Assert.Equal("storage-key-missing", (await Assert.ThrowsAsync<GodwitException>(() => CopyAsync($"http://127.0.0.1:{port}", To, null, new StoredFile("b", "x", "", 1, null)))).Code);
        await answering;
    }

    private static int FreePort()
    {
        using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
