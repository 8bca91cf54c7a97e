using System.Text;
using Godwit.Wire.Replication;
using Xunit;

namespace Godwit.Tests.Wire;

/// <summary>What PostgreSQL 15 sent, recorded by pg_logical_slot_get_binary_changes.</summary>
public sealed class PgOutputDecoderTests
{
    private const string Mood = "590000401d7075626c6963006d6f6f6400";
    private const string T = "52000040217075626c69630074006400030169640000000017ffffffff00626f64790000000019ffffffff006d000000401dffffffff";
    private const string F = "52000040287075626c696300660066000201610000000017ffffffff01620000000019ffffffff";

    private readonly PgOutputDecoder _decoder = new();

    private PgOutputMessage Decode(string hex, bool streamed = false) => _decoder.Decode(Convert.FromHexString(hex), streamed);

    private static string Cells(TupleData row)
    {
        var text = new StringBuilder();
        foreach (var cell in row) text.Append((char)cell.State).Append(Encoding.UTF8.GetString(cell.Value)).Append(' ');
        return text.ToString().TrimEnd();
    }

    [Fact]
    public void Transactions_have_positions_and_times()
    {
        var begin = Decode("4200000000015483c00003041fffe66ffa000002e5");
        Assert.Equal((PgOutputKind.Begin, "0/15483C0", 741u), (begin.Kind, begin.Lsn.ToString(), begin.Xid));
        var commit = Decode("430000000000015483c000000000015483f00003041fffe66ffa");
        Assert.Equal((PgOutputKind.Commit, "0/15483C0", "0/15483F0"), (commit.Kind, commit.Lsn.ToString(), commit.EndLsn.ToString()));
        Assert.Equal(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), ReplicationStream.Moment(Decode("43000000000001549f380000000001549f8000023e0786c26000").Micros));
        var origin = Decode("4f0000000000000abc656c7365776865726500");
        Assert.Equal((PgOutputKind.Origin, "elsewhere", "0/ABC"), (origin.Kind, origin.Text, origin.Lsn.ToString()));
    }

    [Fact]
    public void Tables_and_types_are_described_before_they_are_used()
    {
        var type = Decode(Mood).Type!;
        Assert.Equal(("public", "mood"), (type.Schema, type.Name));
        var table = Decode(T).Relation!;
        Assert.Equal("public.t", table.ToString());
        Assert.Equal(ReplicaIdentity.Default, table.Identity);
        Assert.Equal([new("id", true, 23, -1), new("body", false, 25, -1), new("m", false, type.Id, -1)], table.Columns);
        Assert.Equal(type, _decoder.FindType(table.Columns[2].Type));
        Assert.Equal((ReplicaIdentity.Full, true), (Decode(F).Relation!.Identity, _decoder.Decode(Convert.FromHexString(F), false).Relation!.Columns[1].IsKey));
    }

    [Fact]
    public void A_table_that_is_described_again_is_the_same_unless_it_has_changed()
    {
        var table = Decode(T).Relation!;
        Assert.Same(table, Decode(T).Relation);
        // The first column's type, int8 now.
        var changed = Decode(T.Replace("69640000000017", "69640000000014", StringComparison.Ordinal)).Relation!;
        Assert.Equal(20u, changed.Columns[0].Type);
        Assert.Same(changed, Decode("49000040214e0003740000" + "0001326e7400000003626164").Relation);
        Assert.NotSame(table, Decode(T).Relation);
    }

    [Fact]
    public void Rows_come_with_what_is_known_of_them()
    {
        Decode(T);
        Decode(F);
        Assert.Equal("t2 n tbad", Cells(Decode("49000040214e0003740000" + "0001326e7400000003626164").New));
        var toast = Decode("55000040214e0003740000000131757400000003626164");
        Assert.Equal((OldRow.None, "t1 u tbad", ""), (toast.OldKind, Cells(toast.New), Cells(toast.Old)));
        var key = Decode("55000040214b00037400000001326e6e4e00037400000001336e7400000003626164");
        Assert.Equal((OldRow.Key, "t2 n n", "t3 n tbad"), (key.OldKind, Cells(key.Old), Cells(key.New)));
        var full = Decode("55000040284f00027400000001317400000001714e0002740000000131740000000172");
        Assert.Equal((OldRow.Full, "t1 tq", "t1 tr"), (full.OldKind, Cells(full.Old), Cells(full.New)));
        var delete = Decode("44000040214b00037400000001336e6e");
        Assert.Equal((PgOutputKind.Delete, OldRow.Key, "t3 n n"), (delete.Kind, delete.OldKind, Cells(delete.Old)));
        Assert.Equal("public.f", Decode("44000040284f0002740000000131740000000172").Relation!.ToString());
    }

    [Fact]
    public void Truncations_and_messages()
    {
        Decode(T);
        Decode(F);
        var truncate = Decode("5400000002020000402100004028");
        Assert.Equal((false, true, "public.t,public.f"), (truncate.Cascade, truncate.RestartIdentity, string.Join(',', truncate.Truncated)));
        var message = Decode("4d010000000001549a68676f640000000003776974");
        Assert.Equal((true, "god", "wit", "0/1549A68"), (message.Transactional, message.Text, Encoding.ASCII.GetString(message.Content), message.Lsn.ToString()));
    }

    [Fact]
    public void Streamed_transactions_name_the_subtransaction()
    {
        var start = Decode("53000002e901");
        Assert.Equal((PgOutputKind.StreamStart, 745u, true), (start.Kind, start.Xid, start.First));
        var relation = Decode("52000002eb000040287075626c696300660066000201610000000017ffffffff01620000000019ffffffff", streamed: true);
        Assert.Equal(("public.f", 747u), (relation.Relation!.ToString(), relation.Xid));
        Assert.Equal(PgOutputKind.StreamStop, Decode("45").Kind);
        var abort = Decode("41000002e9000002ea");
        Assert.Equal((PgOutputKind.StreamAbort, 745u, 746u), (abort.Kind, abort.Xid, abort.SubXid));
        var commit = Decode("63000002e900000000000156cb48000000000156cb9800023e0786c26000");
        Assert.Equal((PgOutputKind.StreamCommit, 745u, "0/156CB98"), (commit.Kind, commit.Xid, commit.EndLsn.ToString()));
    }

    [Theory]
    [InlineData("4200000000")]
    [InlineData("5a00")]
    [InlineData("49000041ff4e0001")]
    [InlineData("52000040287075626c6963")]
    public void What_is_no_message_is_refused(string hex)
    {
        Decode(F);
        Assert.Throws<IOException>(() => Decode(hex).Kind);
        Assert.Throws<IOException>(() => Cells(Decode("49000040284e00027800000001").New));
    }

    [Fact]
    public void A_cut_row_is_refused_wherever_it_is_cut()
    {
        Decode(F);
        var whole = Convert.FromHexString("55000040284f00027400000001317400000001714e0002740000000131740000000172");
        for (var length = 1; length < whole.Length; length++)
            Assert.ThrowsAny<Exception>(() => { var message = _decoder.Decode(whole.AsSpan(0, length), false); Cells(message.Old); Assert.NotEqual("", Cells(message.New)); });
    }

    [Theory]
    [InlineData("0/0", 0)]
    [InlineData("16/B374D848", 0x16B374D848)]
    [InlineData("FFFFFFFF/FFFFFFFF", ulong.MaxValue)]
    public void Positions_are_read_and_written(string text, ulong value)
    {
        Assert.Equal(value, Lsn.Parse(text).Value);
        Assert.Equal(text, new Lsn(value).ToString());
    }

    [Fact]
    public void Options_are_quoted()
    {
        var options = new ReplicationOptions("godwit_1", Lsn.Parse("1/2"), ["it's", "a\"b"]) { ProtocolVersion = 2, Streaming = true, Binary = true, Messages = true, OriginNone = true };
        Assert.Equal("START_REPLICATION SLOT \"godwit_1\" LOGICAL 1/2 (proto_version '2', publication_names '\"it''s\",\"a\"\"b\"', binary 'true', messages 'true', streaming 'on', origin 'none')", options.Command());
        Assert.Throws<ArgumentException>(() => (options with { Slot = "a\"b" }).Command());
    }
}
