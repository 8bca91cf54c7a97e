namespace Godwit.Samples.InternshipTracker;

/// <summary>
/// How large the sample is. Equal options give equal data, on every machine and day. <paramref name="Internships"/> null: 40 a user;
/// <paramref name="Friendships"/> null: 10 a user (so 50,000 users have 2,000,000 internships and 500,000 friendships).
/// <paramref name="Wal"/>: the file is left in write-ahead-log mode.
/// </summary>
public sealed record TrackerOptions(int Users = 1000, int? Internships = null, int? Friendships = null, int Seed = 42, bool Wal = false)
{
    public int InternshipRows => Users == 0 ? 0 : Internships ?? checked(Users * 40);

    /// <summary>A user befriends another at most once, so a handful of users has fewer than 10 friends each.</summary>
    public int FriendshipRows => (int)Math.Min(Friendships ?? Users * 10L, Users * Math.Max(0L, Users - 1));
}
