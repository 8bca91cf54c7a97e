using System.Buffers.Binary;
using System.Net.Sockets;
using Npgsql;

namespace Godwit.Wire;

/// <summary>What answers to an SSLRequest.</summary>
internal enum TlsAnswer
{
    /// <summary>The server cannot be asked, or says nothing.</summary>
    None,
    Offered,
    Refused,
    /// <summary>Not one of the two letters that PostgreSQL and everything that speaks like it answers by.</summary>
    NotPostgres,
}

/// <summary>Asks a server whether it does TLS: the SSLRequest message, answered by one byte (PostgreSQL documentation, 54.2.10).</summary>
internal static class TlsProbe
{
    private const int SslRequestCode = 80877103;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>False where the server itself said why, or the way to it did.</summary>
    internal static bool MayTell(Exception e) =>
        e.GetBaseException() is NpgsqlException and not PostgresException or IOException or SocketException { SocketErrorCode: SocketError.ConnectionReset };

    internal static async Task<TlsAnswer> AskAsync(NpgsqlConnectionStringBuilder settings, CancellationToken ct)
    {
        // Over a socket of this machine there is no TLS to ask for.
        if (settings.Host is not { Length: > 0 } host || host.StartsWith('/')) return TlsAnswer.None;
        var message = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(message, 8);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), SslRequestCode);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, settings.Port, limit.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(message, limit.Token);
            var answer = new byte[1];
            return await stream.ReadAsync(answer, limit.Token) != 1 ? TlsAnswer.None
                // An E is a server of before SSLRequest, or one that cannot start a process.
                : answer[0] switch { (byte)'S' => TlsAnswer.Offered, (byte)'N' => TlsAnswer.Refused, (byte)'E' => TlsAnswer.None, _ => TlsAnswer.NotPostgres };
        }
        catch (Exception e) when (e is SocketException or IOException || e is OperationCanceledException && !ct.IsCancellationRequested)
        {
            return TlsAnswer.None;
        }
    }
}
