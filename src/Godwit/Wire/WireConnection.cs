using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text;
using Godwit.Wire.Replication;
using Npgsql;

namespace Godwit.Wire;

/// <summary>
/// A connection that does only what moving rows needs: simple queries and COPY, by PostgreSQL's own protocol
/// (https://www.postgresql.org/docs/current/protocol.html). A driver hands out one row of a COPY a call; this reads what the socket has, many
/// rows at once, which costs a fraction of the processor time. Settings are Npgsql's, so that both sign in alike.
/// Everything blocks the calling thread: a blocking read of a socket is the cheapest. One operation at a time.
/// Throws <see cref="PostgresException"/> for what the server refuses, <see cref="IOException"/>, <see cref="SocketException"/>,
/// <see cref="TimeoutException"/> and <see cref="System.Security.Authentication.AuthenticationException"/> for the way to it. Disposing while a
/// COPY runs ends the session, and the server rolls it back.
/// </summary>
public sealed class WireConnection : IDisposable
{
    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly Transport _transport;
    private int _processId, _secretKey;
    private bool _disposed;

    private WireConnection(NpgsqlConnectionStringBuilder settings, Transport transport)
    {
        _settings = settings;
        _transport = transport;
        Reader = new MessageReader(transport.Stream);
    }

    internal MessageReader Reader { get; }

    /// <summary>As the server reports it, "15.8 (Debian 15.8-0)".</summary>
    public string ServerVersion { get; private set; } = "";
    public int ProcessId => _processId;
    public bool IsEncrypted => _transport.IsEncrypted;

    /// <summary>Cancelling while it connects gives <see cref="OperationCanceledException"/>.</summary>
    public static WireConnection Open(NpgsqlConnectionStringBuilder settings, CancellationToken ct) => Open(settings, replication: false, ct);

    /// <summary>A connection that takes replication commands beside SQL. The role needs REPLICATION, and the server a free place of max_wal_senders.</summary>
    public static WireConnection OpenReplication(NpgsqlConnectionStringBuilder settings, CancellationToken ct) => Open(settings, replication: true, ct);

    private static WireConnection Open(NpgsqlConnectionStringBuilder settings, bool replication, CancellationToken ct)
    {
        var attempts = Transport.Attempts(settings);
        for (var i = 0; ; i++)
        {
            try
            {
                return Open(settings, attempts[i], replication, ct);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidAuthorizationSpecification && i + 1 < attempts.Length)
            {
                // pg_hba.conf has no line for this way of connecting; "allow" and "prefer" try the other way, as libpq does.
            }
        }
    }

    private static WireConnection Open(NpgsqlConnectionStringBuilder settings, bool encrypted, bool replication, CancellationToken ct)
    {
        var transport = Transport.Open(settings, encrypted, ct);
        var connection = new WireConnection(settings, transport);
        try
        {
            using var abort = ct.Register(connection.Abort);
            connection.SignIn(replication);
            transport.ClearTimeout();
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            if (ct.IsCancellationRequested && e is IOException or SocketException or ObjectDisposedException) throw new OperationCanceledException(ct);
            throw;
        }
    }

    /// <summary>The rows of the last statement, as text. Several statements are one transaction, unless they say otherwise.</summary>
    public ImmutableArray<ImmutableArray<string?>> Query(string sql)
    {
        Send('Q', sql);
        var rows = ImmutableArray.CreateBuilder<ImmutableArray<string?>>();
        PostgresException? error = null;
        while (true)
        {
            var type = Reader.Next(out var body);
            switch (type)
            {
                case 'T': rows.Clear(); break;
                case 'D': rows.Add(Row(body)); break;
                case 'E': error = ServerError.Read(body); break;
                case 'Z': return error is null ? rows.ToImmutable() : throw error;
            }
        }
    }

    /// <summary>Starts <c>COPY ... TO STDOUT</c>. Nothing else may be asked of the connection until the reader has seen the end.</summary>
    public CopyOut BeginCopyOut(string sql)
    {
        Send('Q', sql);
        WaitFor('H');
        return new CopyOut(this);
    }

    /// <summary>Starts <c>COPY ... FROM STDIN</c>.</summary>
    public CopyIn BeginCopyIn(string sql)
    {
        Send('Q', sql);
        WaitFor('G');
        return new CopyIn(this);
    }

    /// <summary>
    /// Makes a slot of pgoutput's. With <paramref name="export"/>, its snapshot can be imported by other sessions until this connection does anything else;
    /// what is written after that snapshot is what the slot gives. Waits for the end of every transaction that runs.
    /// </summary>
    public CreatedSlot CreateSlot(string name, bool temporary, bool export)
    {
        var row = Query($"CREATE_REPLICATION_SLOT \"{SlotName.Check(name)}\"{(temporary ? " TEMPORARY" : "")} LOGICAL pgoutput {(export ? "EXPORT_SNAPSHOT" : "NOEXPORT_SNAPSHOT")}")[0];
        return new(row[0]!, Lsn.Parse(row[1]!), row[2]);
    }

    /// <summary>
    /// Starts the stream of a slot; the connection belongs to it from now on. A read that meets silence for longer than <paramref name="silence"/>
    /// fails: ask for replies more often (<see cref="ReplicationStream.Report"/>).
    /// </summary>
    public ReplicationStream StartReplication(ReplicationOptions options, TimeSpan silence, TimeProvider clock)
    {
        Send('Q', options.Command());
        WaitFor('W');
        _transport.LimitSilence(silence);
        return new ReplicationStream(this, clock);
    }

    /// <summary>From here on, a read or a write that waits longer fails by <see cref="IOException"/>: the other end may be gone without a word.</summary>
    public void LimitSilence(TimeSpan limit) => _transport.LimitSilence(limit);

    /// <summary>
    /// Ends what runs, from any thread: asks the server to cancel it, then closes the socket, so that a blocked read returns. The connection is
    /// of no use afterwards.
    /// </summary>
    public void Abort()
    {
        try
        {
            if (_processId != 0) Transport.SendCancel(_settings, IsEncrypted, _processId, _secretKey);
        }
        catch (Exception e) when (e is IOException or SocketException or System.Security.Authentication.AuthenticationException or TimeoutException)
        {
            // The server learns of it by the closed socket, at its next row.
        }
        _transport.Dispose();
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _transport.SayGoodbye();
        _transport.Dispose();
    }

    internal void Write(ReadOnlySpan<byte> bytes) => _transport.Stream.Write(bytes);

    /// <summary>Reads up to ReadyForQuery; throws what the server complained of on the way. Returns the command's tag, "COPY 42".</summary>
    internal string Finish(PostgresException? error = null)
    {
        var tag = "";
        while (true)
        {
            var type = Reader.Next(out var body);
            if (type == 'E') error ??= ServerError.Read(body);
            else if (type == 'C') tag = Encoding.UTF8.GetString(body[..^1]);
            else if (type == 'Z') return error is null ? tag : throw error;
        }
    }

    private void WaitFor(char expected)
    {
        while (true)
        {
            var type = Reader.Next(out var body);
            if (type == expected) return;
            if (type == 'E') Finish(ServerError.Read(body));
            if (type == 'Z') throw new IOException("The server answered without starting to stream.");
        }
    }

    private void SignIn(bool replication)
    {
        Write(Messages.Startup(_settings, replication));
        var signIn = new Authentication(_settings, _transport);
        while (true)
        {
            var type = Reader.Next(out var body);
            switch (type)
            {
                case 'R':
                    if (signIn.Answer(body) is { } answer) Write(answer);
                    break;
                case 'S':
                    if (Messages.Parameter(body) is { Name: "server_version" } version) ServerVersion = version.Value;
                    break;
                case 'K':
                    _processId = BinaryPrimitives.ReadInt32BigEndian(body);
                    _secretKey = BinaryPrimitives.ReadInt32BigEndian(body[4..]);
                    break;
                case 'E': throw ServerError.Read(body);
                case 'Z': return;
            }
        }
    }

    private void Send(char type, string text) => Write(Messages.Text(type, text));

    private static ImmutableArray<string?> Row(ReadOnlySpan<byte> body)
    {
        var cells = new string?[BinaryPrimitives.ReadInt16BigEndian(body)];
        body = body[2..];
        for (var i = 0; i < cells.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(body);
            body = body[4..];
            if (length < 0) continue;
            cells[i] = Encoding.UTF8.GetString(body[..length]);
            body = body[length..];
        }
        return [.. cells];
    }
}
