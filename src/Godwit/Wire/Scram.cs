using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Godwit.Wire;

/// <summary>
/// SCRAM-SHA-256 and, over TLS, SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677). <paramref name="binding"/>: tls-server-end-point data, null where there
/// is none.
/// </summary>
internal sealed class Scram(string password, byte[]? binding, ChannelBinding wanted)
{
    private const string Plain = "SCRAM-SHA-256";
    private const string Plus = "SCRAM-SHA-256-PLUS";
    // PostgreSQL itself takes 4096; a server that asks for hundreds of millions wants to keep us busy.
    private const int MostIterations = 10_000_000;

    private readonly string _nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
    private string _header = "", _authMessage = "";
    private byte[] _saltedPassword = [];

    public bool IsBound { get; private set; }

    /// <summary>Body of SASLInitialResponse.</summary>
    public byte[] Begin(string[] mechanisms)
    {
        IsBound = binding is not null && wanted != ChannelBinding.Disable && mechanisms.Contains(Plus, StringComparer.Ordinal);
        if (!IsBound && wanted == ChannelBinding.Require) throw Broken("channel_binding=require, and the server or the connection cannot");
        if (!IsBound && !mechanisms.Contains(Plain, StringComparer.Ordinal)) throw Broken("the server offers no SCRAM-SHA-256");
        // "y": we could bind but the server says it cannot; a server that can would then know of a man in the middle.
        _header = IsBound ? "p=tls-server-end-point,," : binding is not null && wanted != ChannelBinding.Disable ? "y,," : "n,,";
        var message = Encoding.ASCII.GetBytes($"{_header}n=,r={_nonce}");
        byte[] length = [(byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length];
        return [.. Encoding.ASCII.GetBytes(IsBound ? Plus : Plain), 0, .. length, .. message];
    }

    /// <summary>Body of SASLResponse to the server's first message.</summary>
    public byte[] Prove(string serverFirst)
    {
        var fields = Fields(serverFirst);
        if (!fields.TryGetValue('r', out var nonce) || !fields.TryGetValue('s', out var salt) || !fields.TryGetValue('i', out var count)
            || !nonce.StartsWith(_nonce, StringComparison.Ordinal) || nonce.Length == _nonce.Length
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations is < 1 or > MostIterations)
            throw Broken("the server's challenge is not SCRAM's");
        byte[] bound = IsBound ? [.. Encoding.ASCII.GetBytes(_header), .. binding!] : Encoding.ASCII.GetBytes(_header);
        var final = $"c={Convert.ToBase64String(bound)},r={nonce}";
        _authMessage = $"n=,r={_nonce},{serverFirst},{final}";
        _saltedPassword = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password.Normalize(NormalizationForm.FormKC)), Convert.FromBase64String(salt), iterations, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(_saltedPassword, "Client Key"u8);
        var proof = HMACSHA256.HashData(SHA256.HashData(clientKey), Encoding.ASCII.GetBytes(_authMessage));
        for (var i = 0; i < proof.Length; i++) proof[i] ^= clientKey[i];
        return Encoding.ASCII.GetBytes($"{final},p={Convert.ToBase64String(proof)}");
    }

    /// <summary>The server, too, has to prove that it knows the password.</summary>
    public void Check(string serverFinal)
    {
        var expected = HMACSHA256.HashData(HMACSHA256.HashData(_saltedPassword, "Server Key"u8), Encoding.ASCII.GetBytes(_authMessage));
        if (!Fields(serverFinal).TryGetValue('v', out var signature) || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(signature), Encoding.ASCII.GetBytes(Convert.ToBase64String(expected))))
            throw Broken("the server does not know the password that it asks for");
    }

    private static Dictionary<char, string> Fields(string message) =>
        message.Split(',').Where(f => f.Length > 1 && f[1] == '=').GroupBy(f => f[0]).ToDictionary(g => g.Key, g => g.First()[2..]);

    private static System.Security.Authentication.AuthenticationException Broken(string what) => new($"Signing in failed: {what}.");
}
