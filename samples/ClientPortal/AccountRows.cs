using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>auth.users, auth.identities and the profile that a trigger made of each.</summary>
internal static class AccountRows
{
    private static readonly Guid s_ssoProvider = new("5a000000-0000-4000-8000-0000000000aa");
    private static readonly string[] s_staffRoles = ["administrator", "compliance", "paraplanner", "adviser", "adviser"];

    private sealed record Account(int Number, Guid Id, AccountKind Kind, string First, string Last, string? Email, DateTime Created, DateTime? SignedIn);

    public static void Write(NpgsqlConnection connection, SeededRandom random, PortalOptions options)
    {
        var accounts = Enumerable.Range(0, options.Users).Select(i => Make(random, options, i)).ToList();
        Sso(connection);
        using (var users = new CopyRows(connection, "auth.users", "instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, invited_at, confirmation_token, recovery_token, " +
            "recovery_sent_at, email_change_token_new, email_change, last_sign_in_at, raw_app_meta_data, raw_user_meta_data, is_super_admin, created_at, updated_at, phone, phone_confirmed_at, " +
            "banned_until, is_sso_user, deleted_at, is_anonymous"))
        {
            foreach (var account in accounts) User(users, random, account);
        }
        using (var identities = new CopyRows(connection, "auth.identities", "provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at, id"))
        {
            foreach (var account in accounts) Identity(identities, random, account);
        }
        using var profiles = new CopyRows(connection, "public.profiles", "id, role, full_name, email, job_title, phone_numbers, preferences, last_seen_at, created_at, updated_at");
        foreach (var account in accounts) Profile(profiles, random, account, options);
    }

    private static Account Make(SeededRandom random, PortalOptions options, int number)
    {
        var kind = AccountKinds.Of(options, number);
        var (first, last) = (random.Pick(Words.FirstNames), random.Pick(Words.Surnames));
        var created = random.Past(900);
        // Two accounts of one address are allowed where one of them is the company's sign-on.
        var email = kind is AccountKind.Anonymous or AccountKind.Phone ? null : kind == AccountKind.Sso ? $"user{number - 1}@example.com" : $"user{number}@example.com";
        var signedIn = kind is AccountKind.Unconfirmed or AccountKind.Invited ? (DateTime?)null : random.Past(60);
        return new(number, options.User(number), kind, first, last, email, created, signedIn < created ? created : signedIn);
    }

    private static void User(CopyRows rows, SeededRandom random, Account a)
    {
        var confirmed = a.Kind is not (AccountKind.Unconfirmed or AccountKind.Invited or AccountKind.Anonymous or AccountKind.Phone);
        var tokenless = a.Kind == AccountKind.NullTokens;
        rows.Id(Guid.Empty).Id(a.Id).Raw("authenticated").Raw("authenticated").Text(a.Email).Text(AccountKinds.Password(a.Kind, a.Number))
            .Instant(confirmed ? a.Created.AddMinutes(3) : null).Instant(a.Kind == AccountKind.Invited ? a.Created : null)
            .Text(tokenless ? null : a.Kind is AccountKind.Unconfirmed or AccountKind.Invited ? random.Hex(28) : "")
            .Text(tokenless ? null : a.Kind == AccountKind.Recovering ? "pkce_" + random.Hex(28) : "").Instant(a.Kind == AccountKind.Recovering ? random.Past(2) : null)
            .Text(tokenless ? null : a.Kind == AccountKind.ChangingEmail ? random.Hex(28) : "").Text(tokenless ? null : a.Kind == AccountKind.ChangingEmail ? $"new{a.Number}@example.org" : "")
            .Instant(a.SignedIn);
        if (tokenless) rows.Null().Null();
        else rows.Text(AppData(a)).Text(UserData(random, a));
        rows.Null().Instant(a.Created).Instant(a.SignedIn ?? a.Created);
        if (a.Kind == AccountKind.Phone) rows.Raw($"4477009{a.Number:00000}").Instant(a.Created);
        else rows.Null().Null();
        if (a.Kind == AccountKind.Banned) rows.Raw("2124-06-30 00:00:00+00");
        else if (a.Kind == AccountKind.BanExpired) rows.Instant(random.Past(30));
        else rows.Null();
        rows.Bool(a.Kind == AccountKind.Sso).Instant(a.Kind == AccountKind.Deleted ? random.Past(20) : null).Bool(a.Kind == AccountKind.Anonymous).End();
    }

    private static string Provider(Account a) => a.Kind switch
    {
        AccountKind.Google => "google",
        AccountKind.GitHubEmptyPassword => "github",
        AccountKind.Phone => "phone",
        AccountKind.Sso => $"sso:{s_ssoProvider}",
        _ => "email",
    };

    private static string AppData(Account a) =>
        a.Kind == AccountKind.Anonymous ? "{}" : $$"""{"provider": "{{Provider(a)}}", "providers": ["{{Provider(a)}}"]}""";

    private static string UserData(SeededRandom random, Account a) => a.Kind switch
    {
        AccountKind.Anonymous => "{}",
        AccountKind.LongMetadata => $$"""{"full_name": "{{a.First}} {{a.Last}}", "bio": "{{random.Letter(6000)}} \ud83d\udcc8 \"quoted\" \\ and \u00e9", "n": 1e400, "deep": {"a": [1, 2.50, null, true, {"b": {} }] } }""",
        _ => $$"""{"sub": "{{a.Id}}", "full_name": "{{a.First}} {{a.Last}}", "email_verified": true}""",
    };

    private static void Identity(CopyRows rows, SeededRandom random, Account a)
    {
        if (a.Kind == AccountKind.Anonymous) return;
        var provider = Provider(a);
        var subject = provider switch { "google" or "github" => random.Letter(21, "0123456789"), _ => a.Id.ToString() };
        var email = a.Email is null ? "" : $", \"email\": \"{a.Email.ToUpperInvariant()}\"";
        rows.Text(subject).Id(a.Id).Text($$"""{"sub": "{{subject}}"{{email}}, "phone_verified": {{(provider == "phone" ? "true" : "false")}}}""")
            .Text(provider).Instant(a.SignedIn).Instant(a.Created).Instant(a.SignedIn ?? a.Created).Id(random.Id()).End();
    }

    private static void Profile(CopyRows rows, SeededRandom random, Account a, PortalOptions options)
    {
        var role = a.Number >= options.Staff ? "client" : s_staffRoles[a.Number % s_staffRoles.Length];
        // citext keeps the case that somebody typed.
        rows.Id(a.Id).Raw(role).Text($"{a.First} {a.Last}").Text(a.Email is null ? null : random.Percent(30) ? a.Email.ToUpperInvariant() : a.Email)
            .Text(role == "client" ? null : "Chartered " + role).Text(random.Percent(40) ? "{}" : $"{{\"+44 7700 {random.Below(900_000) + 100_000}\",\"ext. \\\"{random.Below(99)}\\\"\"}}")
            .Text($$"""{"theme": "{{(random.Percent(50) ? "dark" : "light")}}", "columns": [{{random.Below(9)}}, {{random.Below(9)}}.50], "notifications": {"email": {{(random.Percent(50) ? "true" : "false")}} } }""")
            .Instant(a.SignedIn).Instant(a.Created).Instant(a.SignedIn ?? a.Created).End();
    }

    private static void Sso(NpgsqlConnection connection)
    {
        using (var providers = new CopyRows(connection, "auth.sso_providers", "id, resource_id, created_at, updated_at"))
            providers.Id(s_ssoProvider).Raw("urn:example:idp").Raw("2024-01-02 03:04:05+00").Raw("2024-01-02 03:04:05+00").End();
        using (var domains = new CopyRows(connection, "auth.sso_domains", "id, sso_provider_id, domain, created_at, updated_at"))
            domains.Raw("5a000000-0000-4000-8000-0000000000ab").Id(s_ssoProvider).Raw("corp.example.com").Raw("2024-01-02 03:04:05+00").Null().End();
        using var saml = new CopyRows(connection, "auth.saml_providers", "id, sso_provider_id, entity_id, metadata_xml, attribute_mapping");
        saml.Raw("5a000000-0000-4000-8000-0000000000ac").Id(s_ssoProvider).Raw("https://idp.example.com/metadata").Text("<EntityDescriptor entityID=\"x\">\n</EntityDescriptor>").Raw("{}").End();
    }
}
