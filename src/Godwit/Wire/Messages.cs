using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace Godwit.Wire;

/// <summary>Messages to the server, and the small ones from it (PostgreSQL documentation, 55.7 "Message Formats").</summary>
internal static class Messages
{
    private const int ProtocolVersion = 3 << 16;

    public static byte[] Startup(NpgsqlConnectionStringBuilder settings, bool replication)
    {
        var parameters = new StringBuilder();
        void Add(string name, string? value)
        {
            if (value is { Length: > 0 }) parameters.Append(name).Append('\0').Append(value).Append('\0');
        }
        Add("user", settings.Username);
        Add("database", settings.Database ?? settings.Username);
        Add("client_encoding", "UTF8");
        Add("application_name", settings.ApplicationName ?? "godwit");
        Add("options", settings.Options);
        if (replication) Add("replication", "database");
        parameters.Append('\0');
        var body = Encoding.UTF8.GetBytes(parameters.ToString());
        var message = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(4), ProtocolVersion);
        body.CopyTo(message, 8);
        return message;
    }

    /// <summary>A message whose body is one zero-terminated string.</summary>
    public static byte[] Text(char type, string text) => Of(type, [.. Encoding.UTF8.GetBytes(text), 0]);

    public static byte[] Of(char type, ReadOnlySpan<byte> body)
    {
        var message = new byte[5 + body.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message.AsSpan(5));
        return message;
    }

    public static (string Name, string Value) Parameter(ReadOnlySpan<byte> body)
    {
        var end = body.IndexOf((byte)0);
        return (Encoding.UTF8.GetString(body[..end]), Encoding.UTF8.GetString(body[(end + 1)..^1]));
    }
}
