using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Godwit.IntegrationTests.Target;

/// <summary>
/// A pooler before a server: each client signs in at the server, and is given another number for cancelling. In transaction mode all that clients ask afterwards goes
/// to the session of the first, one question at a time.
/// </summary>
internal sealed class SmallPooler : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly bool _sharesSession;
    private readonly (string Host, int Port) _server;
    private readonly Task _accepting;
    private NetworkStream? _first;

    public SmallPooler(string host, int port, bool sharesSession)
    {
        (_server, _sharesSession) = ((host, port), sharesSession);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private async Task AcceptAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true) clients.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task ServeAsync(TcpClient accepted)
    {
        using var client = accepted;
        using var server = new TcpClient();
        try
        {
            await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
            var (ours, theirs) = (client.GetStream(), server.GetStream());
            await SignInAsync(ours, theirs);
            _first ??= theirs;
            await RelayAsync(ours, theirs);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client is gone, or the test is over.
        }
        finally
        {
            if (_first?.Socket == server.Client) _first = null;
        }
    }

    private async Task RelayAsync(NetworkStream client, NetworkStream own)
    {
        while (true)
        {
            // A question ends with Sync or is a simple query; its answer ends with ReadyForQuery (PostgreSQL documentation, Message Flow).
            var question = new List<byte[]>();
            do question.Add(await ReadAsync(client));
            while (question[^1][0] is not ((byte)'S' or (byte)'Q' or (byte)'X'));
            if (question[^1][0] == 'X') return;
            await _turn.WaitAsync(_stop.Token);
            try
            {
                var session = _sharesSession && _first is { } first ? first : own;
                foreach (var message in question) await session.WriteAsync(message, _stop.Token);
                await AnswerAsync(session, client);
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    private async Task SignInAsync(NetworkStream client, NetworkStream server)
    {
        await server.WriteAsync(await ReadAsync(client, headed: false), _stop.Token);
        while (true)
        {
            var message = await ReadAsync(server);
            // BackendKeyData: the process and its secret.
            if (message[0] == 'K') BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(5), BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(5)) + 1_000_000);
            await client.WriteAsync(message, _stop.Token);
            if (message[0] is (byte)'Z' or (byte)'E') return;
            // AuthenticationOk and the last word of SASL ask for no answer.
            if (message[0] == 'R' && BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(5)) is not (0 or 12)) await server.WriteAsync(await ReadAsync(client), _stop.Token);
        }
    }

    private async Task AnswerAsync(NetworkStream server, NetworkStream client)
    {
        byte[] message;
        do await client.WriteAsync(message = await ReadAsync(server), _stop.Token);
        while (message[0] != 'Z');
    }

    private async Task<byte[]> ReadAsync(NetworkStream stream, bool headed = true)
    {
        var head = new byte[headed ? 5 : 4];
        await stream.ReadExactlyAsync(head, _stop.Token);
        var message = new byte[(headed ? 1 : 0) + BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(headed ? 1 : 0))];
        head.CopyTo(message, 0);
        await stream.ReadExactlyAsync(message.AsMemory(head.Length), _stop.Token);
        return message;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
        _turn.Dispose();
    }
}
