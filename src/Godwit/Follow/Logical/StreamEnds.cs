using Godwit.Target;
using Godwit.Wire;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>One of the two databases. <paramref name="Side"/> begins the codes of its errors: "source" or "target".</summary>
public sealed record StreamEnd(NpgsqlConnectionStringBuilder Settings, string Display, string Side)
{
    // What the stream's text means must not hang on the settings of a role or a database. With DateStyle ISO and the like both sides agree.
    private const string Forms = "-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex -c lc_monetary=C -c xmloption=content -c array_nulls=on -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off -c godwit.pass=on";

    private NpgsqlConnectionStringBuilder Builder(string name, string options)
    {
        var builder = new NpgsqlConnectionStringBuilder(Settings.ConnectionString) { ApplicationName = name, Pooling = false, Enlist = false };
        builder.Options = string.Join(' ', new[] { Settings.Options, options }.Where(o => o is { Length: > 0 }));
        return builder;
    }

    // Of commands that say no other: questions of a moment, which wait for nothing but a server that is gone.
    private const int AnswerSeconds = 30;

    /// <summary>Throws <see cref="GodwitException"/> only.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken ct)
    {
        var builder = Builder("godwit", Forms);
        (builder.CommandTimeout, builder.TcpKeepAlive, builder.Pooling) = (AnswerSeconds, true, false);
        var connection = new NpgsqlConnection(builder.ConnectionString);
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            await connection.DisposeAsync();
            throw Map(e, "connecting to " + Display);
        }
    }

    // Who may not say so goes on without: then what an event trigger writes is one more change.
    private const string Quietly = """
        do $godwit$ begin perform set_config('session_replication_role', 'replica', false);
        exception when insufficient_privilege then null; end $godwit$
        """;

    /// <summary>
    /// A session that makes and drops what is Godwit's. Event triggers of the application stay out of it: one that writes down each statement would write rows at one
    /// side that the other has not, and one that refuses statements would refuse these. Throws <see cref="GodwitException"/> only.
    /// </summary>
    public async Task<NpgsqlConnection> DefineAsync(CancellationToken ct)
    {
        var connection = await ConnectAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand(Quietly, connection);
            await command.ExecuteNonQueryAsync(ct);
            return connection;
        }
        catch (Exception e) when (TargetErrors.IsTargetError(e))
        {
            await connection.DisposeAsync();
            throw Map(e, "connecting to " + Display);
        }
    }

    internal WireConnection Open(CancellationToken ct) => WireConnection.Open(Builder("godwit follow", Forms), ct);

    internal WireConnection OpenReplication(CancellationToken ct) => WireConnection.OpenReplication(Builder("godwit follow", Forms), ct);

    /// <summary>The same for a stream that is applied here: triggers that record changes here are told by godwit.origin whose they are (KeyLogSchema).</summary>
    internal StreamEnd Applying(StreamFeed feed)
    {
        var settings = new NpgsqlConnectionStringBuilder(Settings.ConnectionString);
        settings.Options = string.Join(' ', new[] { Settings.Options, "-c godwit.origin=" + feed.Origin }.Where(o => o is { Length: > 0 }));
        return this with { Settings = settings };
    }

    /// <summary>The one user error, its kind and code those of this side.</summary>
    public GodwitException Map(Exception e, string doing)
    {
        var mapped = TargetErrors.Map(e, doing);
        if (Side != "source" || e is GodwitException || !mapped.Code.StartsWith("target-", StringComparison.Ordinal)) return mapped;
        var kind = mapped.Kind switch { ErrorKind.TargetTransient => ErrorKind.SourceTransient, ErrorKind.TargetFatal => ErrorKind.SourceFatal, var other => other };
        return new(kind, "source-" + mapped.Code["target-".Length..], mapped.Problem, mapped.Hint, e) { SqlState = mapped.SqlState };
    }
}

/// <summary>
/// A stream of changes from one database to the other. <paramref name="Name"/>: "forward" or "reverse". <paramref name="Origin"/> marks what is written at its end;
/// transactions that carry <paramref name="Skip"/> came from there and do not go back.
/// </summary>
public sealed record StreamFeed(string Name, string Slot, string Publication, string Origin, string Skip)
{
    public const string ForwardName = "forward", ReverseName = "reverse";

    /// <summary>How the origin records what is written.</summary>
    public FollowMethod Method { get; init; }

    /// <summary><paramref name="run"/>: what tells this migration from others on the same servers.</summary>
    public static StreamFeed Forward(string run) => new(ForwardName, $"godwit_{run}", $"godwit_{run}", $"godwit_{run}_forward", $"godwit_{run}_reverse");

    public static StreamFeed Reverse(string run) => new(ReverseName, $"godwit_{run}_back", $"godwit_{run}_back", $"godwit_{run}_reverse", $"godwit_{run}_forward");
}
