using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>Sessions with their families of refresh tokens, second factors, one-time tokens, the service's own audit trail.</summary>
internal static class SessionRows
{
    private sealed record Session(Guid Id, Guid User, AccountKind Kind, DateTime Created, Guid? Factor, bool NewTokens);

    public static void Write(NpgsqlConnection connection, SeededRandom random, PortalOptions options)
    {
        Factors(connection, random, options, out var factors);
        var sessions = new List<Session>();
        for (var i = 0; i < options.Users; i++)
        {
            var kind = AccountKinds.Of(options, i);
            if (kind is AccountKind.NoSession or AccountKind.Unconfirmed or AccountKind.Invited or AccountKind.Deleted) continue;
            for (int s = 0, n = 1 + random.Below(2); s < n; s++)
                sessions.Add(new(random.Id(), options.User(i), kind, random.Past(50), factors.TryGetValue(i, out var f) ? f : null, random.Percent(10)));
        }
        using (var rows = new CopyRows(connection, "auth.sessions", "id, user_id, created_at, updated_at, factor_id, aal, not_after, refreshed_at, user_agent, ip, refresh_token_hmac_key, refresh_token_counter"))
            foreach (var s in sessions) Row(rows, random, s);
        Tokens(connection, random, sessions);
        using (var claims = new CopyRows(connection, "auth.mfa_amr_claims", "session_id, created_at, updated_at, authentication_method, id"))
        {
            foreach (var s in sessions)
            {
                claims.Id(s.Id).Instant(s.Created).Instant(s.Created).Raw(Method(s.Kind)).Id(random.Id()).End();
                if (s.Factor is not null) claims.Id(s.Id).Instant(s.Created.AddSeconds(20)).Instant(s.Created.AddSeconds(20)).Raw("totp").Id(random.Id()).End();
            }
        }
        OneTime(connection, random, options);
        Audit(connection, random, sessions);
    }

    private static string Method(AccountKind kind) => kind switch
    {
        AccountKind.Google or AccountKind.GitHubEmptyPassword => "oauth",
        AccountKind.Anonymous => "anonymous",
        AccountKind.Sso => "sso/saml",
        AccountKind.Phone => "otp",
        _ => "password",
    };

    private static void Row(CopyRows rows, SeededRandom random, Session s)
    {
        rows.Id(s.Id).Id(s.User).Instant(s.Created).Instant(s.Created.AddHours(1));
        if (s.Factor is { } factor) rows.Id(factor).Raw("aal2");
        else rows.Null().Raw("aal1");
        if (random.Percent(10)) rows.Instant(s.Created.AddDays(30)); else rows.Null();
        if (random.Percent(60)) rows.Moment(s.Created.AddHours(1)); else rows.Null();
        rows.Text(random.Pick(Words.Agents)).Raw(random.Percent(20) ? $"2001:db8::{random.Below(65536):x}" : $"192.0.2.{random.Below(255)}");
        if (s.NewTokens) rows.Raw(random.Base64(32)).Number(random.Below(40)); else rows.Null().Null();
        rows.End();
    }

    // The youngest token of a session is the active one; the older ones are revoked, each the parent of the next.
    private static void Tokens(NpgsqlConnection connection, SeededRandom random, List<Session> sessions)
    {
        using var rows = new CopyRows(connection, "auth.refresh_tokens", "instance_id, id, token, user_id, revoked, created_at, updated_at, parent, session_id");
        var id = 0L;
        foreach (var s in sessions.Where(s => !s.NewTokens))
        {
            string? parent = null;
            for (int i = 0, n = 1 + random.Below(3); i < n; i++)
            {
                var token = random.Letter(12, "abcdefghijklmnopqrstuvwxyz234567");
                rows.Id(Guid.Empty).Number(++id).Raw(token).Raw(s.User.ToString()).Bool(i < n - 1).Instant(s.Created.AddHours(i)).Instant(s.Created.AddHours(i + 1)).Text(parent).Id(s.Id).End();
                parent = token;
            }
        }
    }

    private static void Factors(NpgsqlConnection connection, SeededRandom random, PortalOptions options, out Dictionary<int, Guid> verified)
    {
        verified = [];
        using (var rows = new CopyRows(connection, "auth.mfa_factors", "id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret, phone"))
        {
            for (var i = 0; i < options.Users; i++)
            {
                var kind = AccountKinds.Of(options, i);
                if (kind is not (AccountKind.VerifiedFactor or AccountKind.UnverifiedFactor)) continue;
                var id = random.Id();
                var created = random.Past(300);
                rows.Id(id).Id(options.User(i)).Text(kind == AccountKind.VerifiedFactor ? "my \"phone\"" : "").Raw("totp").Raw(kind == AccountKind.VerifiedFactor ? "verified" : "unverified")
                    .Instant(created).Instant(created).Raw(random.Letter(32, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")).Null().End();
                if (kind == AccountKind.VerifiedFactor) verified[i] = id;
            }
        }
        using var challenges = new CopyRows(connection, "auth.mfa_challenges", "id, factor_id, created_at, verified_at, ip_address");
        foreach (var factor in verified.Values)
        {
            var at = random.Past(40);
            challenges.Id(random.Id()).Id(factor).Instant(at).Instant(random.Percent(80) ? at.AddSeconds(12) : null).Raw("198.51.100.7").End();
        }
    }

    private static void OneTime(NpgsqlConnection connection, SeededRandom random, PortalOptions options)
    {
        using (var rows = new CopyRows(connection, "auth.one_time_tokens", "id, user_id, token_type, token_hash, relates_to, created_at, updated_at"))
        {
            for (var i = 0; i < options.Users; i++)
            {
                var type = AccountKinds.Of(options, i) switch
                {
                    AccountKind.Recovering => "recovery_token",
                    AccountKind.Unconfirmed or AccountKind.Invited => "confirmation_token",
                    AccountKind.ChangingEmail => "email_change_token_new",
                    _ => null,
                };
                if (type is not null) rows.Id(random.Id()).Id(options.User(i)).Raw(type).Raw(random.Hex(28)).Raw($"user{i}@example.com").Moment(random.Past(5)).Moment(random.Past(5)).End();
            }
        }
        using var flows = new CopyRows(connection, "auth.flow_state", "id, user_id, auth_code, code_challenge_method, code_challenge, provider_type, provider_access_token, created_at, updated_at, authentication_method");
        for (var i = 0; i < 3; i++)
            flows.Id(random.Id()).Id(options.User(i)).Id(random.Id()).Raw(i == 0 ? "plain" : "s256").Raw(random.Base64(32)).Raw("google").Text(i == 1 ? "" : null).Instant(random.Past(3)).Instant(random.Past(3)).Raw("oauth").End();
    }

    private static void Audit(NpgsqlConnection connection, SeededRandom random, List<Session> sessions)
    {
        using var rows = new CopyRows(connection, "auth.audit_log_entries", "instance_id, id, payload, created_at, ip_address");
        // json, not jsonb: blanks, the order of keys and a key that comes twice are kept as they were written.
        foreach (var s in sessions)
            rows.Id(Guid.Empty).Id(random.Id()).Text($$"""{"action":"login",  "actor_id":"{{s.User}}","traits":{"provider":"email","provider":"{{Method(s.Kind)}}"}, "log_type" : "account"}""")
                .Instant(s.Created).Raw(random.Percent(30) ? "" : "203.0.113.9").End();
    }
}
