namespace Godwit.Samples.ClientPortal;

/// <summary>Every kind of account that a token service keeps. The first client users have one of each, the others mostly a password.</summary>
internal enum AccountKind
{
    Bcrypt2A, Bcrypt2B, Bcrypt2Y, Argon2Id, Argon2I, FbScrypt, Google, GitHubEmptyPassword, PlatformKey, Banned, BanExpired, Deleted, Anonymous, Sso,
    Unconfirmed, Phone, VerifiedFactor, UnverifiedFactor, Recovering, Invited, ChangingEmail, NullTokens, LongMetadata, NoSession,
}

internal static class AccountKinds
{
    public static readonly int Count = Enum.GetValues<AccountKind>().Length;

    public static AccountKind Of(PortalOptions options, int user)
    {
        var client = user - options.Staff;
        if (client < 0) return user % 3 == 0 ? AccountKind.VerifiedFactor : AccountKind.Bcrypt2A;
        if (client < Count) return (AccountKind)client;
        // Mixed by a multiplication, so that neighbours differ and the share of each kind stays.
        var mixed = (uint)client * 2654435761u >> 8;
        return mixed % 10 < 7 ? (AccountKind)(mixed / 10 % 3) : (AccountKind)(mixed / 10 % (uint)Count);
    }

    /// <summary>
    /// A hash as the service stores it. The bcrypt ones are of <c>sample-password-N</c> (N = 1 to 4, by <paramref name="number"/>), the first
    /// fbscrypt parameters of <c>sample-password-1</c>; nobody's password hashes to the argon2 ones.
    /// </summary>
    public static string? Password(AccountKind kind, int number) => kind switch
    {
        AccountKind.Bcrypt2B => "$2b" + Bcrypt(number)[3..],
        AccountKind.Bcrypt2Y => "$2y" + Bcrypt(number)[3..],
        AccountKind.Argon2Id => "$argon2id$v=19$m=65536,t=3,p=4$c2FtcGxlc2FsdG9mdGhlcG9ydGFs$kQ3mZ0s1v7yq8y2b6mVfHnqkzq0oJ7mL6m3qk2m1w5s",
        AccountKind.Argon2I => "$argon2i$v=19$m=16,t=2,p=1$c2FtcGxlc2FsdA$oRBUv7q0vE8bUo1nq1a8vQ",
        AccountKind.FbScrypt => FbScrypt,
        AccountKind.Google or AccountKind.Anonymous or AccountKind.Sso or AccountKind.Invited => null,
        AccountKind.GitHubEmptyPassword or AccountKind.Phone => "",
        AccountKind.PlatformKey => """{"key_id":"5b1d7a9e","alg":"aes-gcm-hkdf","data":"c2FtcGxlLW9ubHk=","nonce":"c2FtcGxlLTEy"}""",
        _ => Bcrypt(number),
    };

    private const string FbScrypt = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=z/PDDdKQyErzUDUZKn2jr+z84pm/C0bFlGQWyyNUy/nP88MN0pDISvNQNRkqfaOv7Pzimb8LRsWUZBbLI1TL+Q==" +
        "$cG9ydGFsLXNhbHQtMDAwMQ==$sH+RO2U+1/bU5dZpipi2hEyYprQK4eJArSaNp+HUjYo8brBLiy+1gN8amkUIRTpw0j/GqAAozVigZCsXpqpmCw==";

    private static readonly string[] s_bcrypt =
    [
        "$2a$06$SampleSaltOfThePortalOcC9ii/wdc9IPtqPXEjcTP8c2D5D8tdm", "$2a$06$SampleSaltOfThePortale6eH9qG85sj8xUG0eLIMSlYrKGXmLG5m",
        "$2a$06$SampleSaltOfThePortaluuUB6DdCAOEKPgerUO2w86H6Lp5Gcc0a", "$2a$06$SampleSaltOfThePortal.H7SJirGqNLM7J9rKTkR36eIe7L1XL3G",
    ];

    private static string Bcrypt(int number) => s_bcrypt[number % s_bcrypt.Length];
}
