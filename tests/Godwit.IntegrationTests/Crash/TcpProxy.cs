using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Godwit.IntegrationTests.Crash;

/// <summary>A way to a server that can be cut: every connection through it breaks at once, and new ones are taken.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Socket> _open = [], _stalled = [];
    private readonly Task _accepting;
    private readonly (string Host, int Port) _server;
    private byte[]? _fatal;
    private int _refuse;

    public TcpProxy(string host, int port)
    {
        _server = (host, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The number of connections that broke.</summary>
    public int Cut()
    {
        lock (_open)
        {
            var cut = _open.Count / 2;
            foreach (var socket in _open) socket.Close(0);
            _open.Clear();
            _stalled.Clear();
            return cut;
        }
    }

    /// <summary>From here on nothing goes through the connections that are open, and neither end is told. The number of them.</summary>
    public int Stall()
    {
        lock (_open)
        {
            var fresh = _open.Count(s => !_stalled.Contains(s)) / 2;
            _stalled.UnionWith(_open);
            return fresh;
        }
    }

    /// <summary>The first connection whose client says these words is stalled when the server has heard them, and so many are refused after it.</summary>
    public void StallAfter(string words, int refuse) => (_fatal, _refuse) = (Encoding.UTF8.GetBytes(words), refuse);

    /// <summary>How many connections were stalled by what they said.</summary>
    public int Stalled { get; private set; }
    /// <summary>How many were refused after it.</summary>
    public int Refused { get; private set; }

    private bool IsRefused()
    {
        lock (_open)
        {
            if (Stalled == 0 || Refused == _refuse) return false;
            Refused++;
            return true;
        }
    }

    private void Stall(ReadOnlySpan<byte> said, Socket from, Socket to)
    {
        lock (_open)
        {
            if (_fatal is null || said.IndexOf(_fatal) < 0) return;
            _fatal = null;
            Stalled++;
            _stalled.UnionWith([from, to]);
        }
    }

    private bool IsStalled(Socket socket)
    {
        lock (_open) return _stalled.Contains(socket);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (IsRefused()) return;
            await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
            lock (_open) _open.UnionWith([client, server]);
            await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The server is gone, or the proxy is.
        }
        finally
        {
            lock (_open)
            {
                _open.ExceptWith([client, server]);
                _stalled.ExceptWith([client, server]);
            }
            client.Dispose();
            server.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var read)
            {
                // The end of a half-open connection is not heard of either: not the client's at the server, nor the other way round.
                if (IsStalled(from)) await Task.Delay(Timeout.Infinite, _stop.Token);
                if (read == 0) return;
                Stall(buffer.AsSpan(0, read), from, to);
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stop.Token);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Cut, or closed by either end.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        Cut();
        _listener.Dispose();
        _stop.Dispose();
    }
}
