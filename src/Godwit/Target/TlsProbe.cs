using System.Buffers.Binary;
using System.Net.Sockets;

namespace Godwit.Target;

/// <summary>Asks a server whether it does TLS: the SSLRequest message, answered by one byte (PostgreSQL documentation, 54.2.10).</summary>
internal static class TlsProbe
{
    private const int SslRequestCode = 80877103;

    /// <summary>True also where the server cannot be asked: the caller then has a better explanation.</summary>
    internal static async Task<bool> OffersTlsAsync(ConnectionSettings settings, CancellationToken ct)
    {
        var message = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(message, 8);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), SslRequestCode);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(settings.Host, settings.Port, ct);
            var stream = client.GetStream();
            await stream.WriteAsync(message, ct);
            var answer = new byte[1];
            return await stream.ReadAsync(answer, ct) != 1 || answer[0] == (byte)'S';
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return true;
        }
    }
}
