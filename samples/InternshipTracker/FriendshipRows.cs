using System.Numerics;

namespace Godwit.Samples.InternshipTracker;

internal static class FriendshipRows
{
    /// <summary>
    /// Pairs without repetition and without memory of those given out: in round k each user befriends the one who stands a stride of k
    /// further on, and a stride that is coprime to the number of others meets each of them once before it comes round.
    /// </summary>
    public static void Write(BulkWriter file, SeededRandom random, int rows, int users)
    {
        if (rows == 0) return;
        using var insert = file.Prepare("INSERT INTO friendships (id, user_id, friend_id, status, created_at) VALUES (?,?,?,?,?)");
        var text = new Utf8Text();
        var others = users - 1;
        var stride = Coprime(others, 0.618);
        var shuffle = Coprime(users, 0.382);
        for (var i = 0; i < rows; i++)
        {
            long round = i / users;
            var user = (long)(i % users) * shuffle % users;
            var friend = (user + 1 + (user * 7919 + round * stride) % others) % users;
            insert.Integer(i + 1).Integer(user + 1).Integer(friend + 1)
                .Text(random.Below(10) switch { < 6 => "accepted"u8, < 9 => "pending"u8, _ => "declined"u8 })
                .Text(text.AddMoment(random.Before(TrackerGenerator.Today, 1100), random.Microseconds()))
                .Run();
        }
    }

    private static long Coprime(int of, double near)
    {
        var candidate = (long)(of * near) | 1;
        while (BigInteger.GreatestCommonDivisor(candidate, of) != 1) candidate++;
        return candidate;
    }
}
