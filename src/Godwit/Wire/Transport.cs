using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace Godwit.Wire;

/// <summary>The socket and, where asked for, TLS over it, by the rules of libpq's sslmode (PostgreSQL documentation, 34.19).</summary>
internal sealed class Transport : IDisposable
{
    private const int SslRequest = 80877103;
    private const int CancelRequest = 80877102;
    private const int SocketBuffer = 1024 * 1024;

    private readonly Socket _socket;

    private Transport(Socket socket, Stream stream)
    {
        _socket = socket;
        Stream = stream;
    }

    public Stream Stream { get; private set; }
    public bool IsEncrypted => Stream is SslStream;
    /// <summary>The server's certificate, for channel binding; null without TLS.</summary>
    public X509Certificate2? ServerCertificate => Stream is SslStream { RemoteCertificate: { } certificate } ? new X509Certificate2(certificate) : null;

    /// <summary>The ways to try in turn: with TLS (true) or without.</summary>
    public static bool[] Attempts(NpgsqlConnectionStringBuilder settings) => settings.SslMode switch
    {
        _ when IsLocal(settings) => [false],
        SslMode.Disable => [false],
        SslMode.Allow => [false, true],
        SslMode.Prefer => [true, false],
        _ => [true],
    };

    public static Transport Open(NpgsqlConnectionStringBuilder settings, bool encrypted, CancellationToken ct)
    {
        var socket = Connect(settings, ct);
        var transport = new Transport(socket, new NetworkStream(socket, ownsSocket: true));
        try
        {
            if (encrypted) transport.Encrypt(settings);
            return transport;
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    /// <summary>Asks the server to cancel what the session of that number does. The answer is only that the connection closes.</summary>
    public static void SendCancel(NpgsqlConnectionStringBuilder settings, bool encrypted, int processId, int secretKey)
    {
        using var transport = Open(settings, encrypted, CancellationToken.None);
        Span<byte> message = stackalloc byte[16];
        BinaryPrimitives.WriteInt32BigEndian(message, 16);
        BinaryPrimitives.WriteInt32BigEndian(message[4..], CancelRequest);
        BinaryPrimitives.WriteInt32BigEndian(message[8..], processId);
        BinaryPrimitives.WriteInt32BigEndian(message[12..], secretKey);
        transport.Stream.Write(message);
        transport.Stream.ReadByte();
    }

    /// <summary>Signing in has a time limit, rows have none.</summary>
    public void ClearTimeout() => _socket.ReceiveTimeout = _socket.SendTimeout = 0;

    /// <summary>A read or a write that waits longer fails by <see cref="IOException"/>.</summary>
    public void LimitSilence(TimeSpan limit) => _socket.ReceiveTimeout = _socket.SendTimeout = (int)limit.TotalMilliseconds;

    public void SayGoodbye()
    {
        try
        {
            Stream.Write(Messages.Of('X', []));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException or InvalidOperationException)
        {
            // A courtesy; the closed socket says the same.
        }
    }

    // The socket first: a read that waits in another thread returns.
    public void Dispose()
    {
        _socket.Dispose();
        Stream.Dispose();
    }

    private static bool IsLocal(NpgsqlConnectionStringBuilder settings) => settings.Host is { } host && (host.StartsWith('/') || host.StartsWith('@'));

    private static Socket Connect(NpgsqlConnectionStringBuilder settings, CancellationToken ct)
    {
        var host = settings.Host ?? "localhost";
        if (IsLocal(settings)) return Connect(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), LocalEnd(host, settings.Port), settings, ct);
        Exception? last = null;
        foreach (var address in IPAddress.TryParse(host, out var literal) ? [literal] : Dns.GetHostAddresses(host))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            try
            {
                return Connect(socket, new IPEndPoint(address, settings.Port), settings, ct);
            }
            catch (Exception e) when (e is SocketException or TimeoutException)
            {
                last = e;
            }
        }
        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static UnixDomainSocketEndPoint LocalEnd(string host, int port) =>
        new(host.StartsWith('@') ? $"\0{host[1..]}/.s.PGSQL.{port}" : Path.Combine(host, $".s.PGSQL.{port}"));

    private static Socket Connect(Socket socket, EndPoint to, NpgsqlConnectionStringBuilder settings, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (settings.Timeout > 0) limit.CancelAfter(TimeSpan.FromSeconds(settings.Timeout));
        // A socket that was ever used asynchronously wakes a thread of .NET's at each arrival: more processor time than the rows take. So even
        // connecting blocks, and closing the socket is what ends it early.
        using var end = limit.Token.Register(socket.Dispose);
        try
        {
            socket.ReceiveBufferSize = socket.SendBufferSize = SocketBuffer;
            socket.Connect(to);
            socket.ReceiveTimeout = socket.SendTimeout = settings.Timeout * 1000;
            return socket;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
            ct.ThrowIfCancellationRequested();
            if (limit.IsCancellationRequested) throw new TimeoutException("The server did not answer in time.", e);
            throw;
        }
    }

    private void Encrypt(NpgsqlConnectionStringBuilder settings)
    {
        if (settings.SslNegotiation != SslNegotiation.Direct)
        {
            Span<byte> request = stackalloc byte[8];
            BinaryPrimitives.WriteInt32BigEndian(request, 8);
            BinaryPrimitives.WriteInt32BigEndian(request[4..], SslRequest);
            Stream.Write(request);
            if (Stream.ReadByte() != 'S')
            {
                if (settings.SslMode is SslMode.Prefer or SslMode.Allow) return;
                throw new System.Security.Authentication.AuthenticationException("The server does not offer TLS.");
            }
        }
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = settings.Host,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = CertificateRules.For(settings),
            ClientCertificates = CertificateRules.Client(settings) is { } own ? [own] : null,
        };
        if (settings.SslNegotiation == SslNegotiation.Direct) options.ApplicationProtocols = [new SslApplicationProtocol("postgresql")];
        var tls = new SslStream(Stream, leaveInnerStreamOpen: false);
        Stream = tls;
        tls.AuthenticateAsClient(options);
    }
}
