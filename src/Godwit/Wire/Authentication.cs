using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Godwit.Wire;

/// <summary>Answers what the server asks while signing in (PostgreSQL documentation, 55.2.1 and 55.3).</summary>
internal sealed class Authentication(NpgsqlConnectionStringBuilder settings, Transport transport)
{
    private Scram? _scram;

    /// <summary>The message to send, or null where the server waits for none.</summary>
    public byte[]? Answer(ReadOnlySpan<byte> request)
    {
        var data = request[4..];
        switch (BinaryPrimitives.ReadInt32BigEndian(request))
        {
            case 0:
                // Only a bound SCRAM proves that nobody sits in between.
                if (settings.ChannelBinding == ChannelBinding.Require && _scram is not { IsBound: true })
                    throw Refused("channel_binding=require, which the server did not do", "connect with TLS to a server that uses SCRAM");
                return null;
            case 3: return Messages.Text('p', Password);
            case 5: return Messages.Text('p', "md5" + Md5(Md5(Password, Encoding.UTF8.GetBytes(settings.Username ?? "")), data[..4].ToArray()));
            case 10:
                _scram = new Scram(Password, Bindings(), settings.ChannelBinding);
                return Messages.Of('p', _scram.Begin(Words(data)));
            case 11: return Messages.Of('p', _scram!.Prove(Encoding.ASCII.GetString(data)));
            case 12:
                _scram!.Check(Encoding.ASCII.GetString(data));
                return null;
            default: throw Refused("a way to sign in that is neither a password nor the operating system's user", "let pg_hba.conf ask for scram-sha-256 from here");
        }
    }

    private string Password => settings.Password is { Length: > 0 } password ? password : throw Refused("a password, and none was given", "set PGPASSWORD, or add a line to ~/.pgpass (chmod 600)");

    private static GodwitException Refused(string what, string hint) => new(ErrorKind.TargetFatal, "sign-in-unsupported", $"The server asks for {what}.", hint);

    // RFC 5929, tls-server-end-point: the certificate's hash by its own signature's algorithm, SHA-256 in place of MD5 and SHA-1.
    private byte[]? Bindings()
    {
        using var certificate = transport.ServerCertificate;
        if (certificate is null) return null;
        return certificate.SignatureAlgorithm.Value switch
        {
            "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(certificate.RawDataMemory.Span),
            "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(certificate.RawDataMemory.Span),
            "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.113549.1.1.11" or "1.2.840.10045.4.1" or "1.2.840.10045.4.3.2" => SHA256.HashData(certificate.RawDataMemory.Span),
            // PSS and EdDSA: the hash is not told by the algorithm's name.
            _ => null,
        };
    }

    private static string[] Words(ReadOnlySpan<byte> data) => Encoding.ASCII.GetString(data).Split('\0', StringSplitOptions.RemoveEmptyEntries);

#pragma warning disable CA5351 // What a server set to md5 asks for.
    private static string Md5(string text, byte[] salt) => Convert.ToHexStringLower(MD5.HashData([.. Encoding.UTF8.GetBytes(text), .. salt]));
#pragma warning restore CA5351
}
