using Godwit.Follow.KeyLog;
using Godwit.Wire.Replication;
using Xunit;

namespace Godwit.Tests.Follow;

public class KnownRelationsTests
{
    private static Relation Made(string name = "t", params RelationColumn[] columns) => new(7, "public", name, ReplicaIdentity.Default, [.. columns]);

    private static readonly RelationColumn Id = new("id", IsKey: true, 23, -1), Text = new("v", IsKey: false, 25, -1);

    [Fact]
    public void A_table_that_stays_as_it_is_stays_the_same_object()
    {
        var known = new KnownRelations();
        var first = known.Same(Made("t", Id, Text), RelationUse.Whole);
        Assert.Same(first, known.Same(Made("t", Id, Text), RelationUse.Whole));
        Assert.NotSame(first, known.Same(Made("t", Id, Text), RelationUse.Again));
    }

    [Fact]
    public void One_that_has_changed_is_another()
    {
        var known = new KnownRelations();
        var first = known.Same(Made("t", Id, Text), RelationUse.Whole);
        foreach (var changed in new[] { Made("renamed", Id, Text), Made("t", Id), Made("t", Id, Text with { Type = 1043 }), Made("t", Id, Text with { IsKey = true }) })
            Assert.Same(changed, known.Same(changed, RelationUse.Whole));
    }
}
