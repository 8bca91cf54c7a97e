using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>Client groups, the people in them, who looks at which page, documents and their files' metadata.</summary>
internal static class GroupRows
{
    public static void Write(NpgsqlConnection connection, SeededRandom random, PortalOptions options)
    {
        using (var rows = new CopyRows(connection, "public.client_groups", "id, name, kind, status, adviser_id, client_user_id, tags, target_risk, onboarded_on, fee_schedule, notes, details, created_at, updated_at"))
            for (var g = 1; g <= options.Clients; g++) Group(rows, random, options, g);
        Owners(connection, random, options);
        using (var rows = new CopyRows(connection, "public.page_presence", "user_id, page, presence, last_seen"))
        {
            for (var u = 0; u < options.Users; u += 3)
                rows.Id(options.User(u)).Text(random.Pick(Words.Pages)).Text($$"""{"cursor": {"x": {{random.Below(1000)}}, "y": {{random.Below(1000)}}.5}, "typing": {{(random.Percent(20) ? "true" : "false")}}, "tab": "a\tb"}""").Instant(random.Past(1)).End();
        }
        Documents(connection, random, options);
    }

    private static void Group(CopyRows rows, SeededRandom random, PortalOptions options, int g)
    {
        var created = random.Past(1200);
        rows.Number(g).Text($"{random.Pick(Words.Surnames)} {random.Pick(Words.GroupKinds)} {g}").Raw(random.Pick(Words.GroupKinds)).Raw(random.Percent(85) ? "active" : random.Percent(50) ? "dormant" : "closed");
        // Advisers are the staff whose place in the round of five is the fourth or the fifth.
        var adviser = random.Below(Math.Max(1, options.Staff / 5)) * 5 + 3 + random.Below(2);
        rows.Id(options.User(Math.Min(adviser, options.Staff - 1))).Id(options.User(options.Staff + g - 1)).Text(Tags(random)).Number(1 + random.Below(7));
        if (random.Percent(5)) rows.Null(); else rows.Date(created);
        rows.Raw(random.Percent(80) ? "{0.0075,0.0050}" : random.Percent(50) ? "{}" : "{0.0100,NULL,0.0025}").Text(random.Percent(30) ? null : random.Pick(Words.Notes));
        if (random.Percent(40)) rows.Null();
        else rows.Text($$"""{"score": {{random.Below(100)}}.{{random.Below(100):00}}, "segments": ["a", "b\"c"], "reviewed": null, "big": 12345678901234567890.5}""");
        rows.Instant(created).Instant(random.Past(30)).End();
    }

    private static string Tags(SeededRandom random)
    {
        var chosen = Enumerable.Range(0, random.Below(4)).Select(_ => random.Pick(Words.Tags));
        return "{" + string.Join(',', chosen.Select(t => "\"" + t.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"")) + "}";
    }

    private static void Owners(NpgsqlConnection connection, SeededRandom random, PortalOptions options)
    {
        using (var rows = new CopyRows(connection, "public.product_owners", "id, firstname, surname, known_as, email, national_insurance, born_on, address, status, created_at"))
        {
            for (var g = 1; g <= options.Clients; g++)
            {
                for (var k = 0; k < 1 + g % 2; k++)
                {
                    var id = OwnerOf(g, k);
                    rows.Number(id).Text(random.Pick(Words.FirstNames)).Text(random.Pick(Words.Surnames)).Text(random.Percent(20) ? random.Pick(Words.FirstNames) : null);
                    if (random.Percent(10)) rows.Null(); else rows.Text(random.Percent(30) ? $"Owner{id}@Example.COM" : $"owner{id}@example.com");
                    if (random.Percent(20)) rows.Null(); else rows.Raw($"{random.Letter(2, "ABCEGHJKLMNPRSTWXYZ")}{random.Letter(6, "0123456789")}{random.Letter(1, "ABCD")}");
                    rows.Date(random.Day(365 * 60).AddYears(-20));
                    if (random.Percent(15)) rows.Null();
                    else rows.Text($"(\"{1 + random.Below(90)}, High Street\",,\"{random.Pick(Words.Towns).Replace("\"", "\"\"", StringComparison.Ordinal)}\",\"BA{random.Below(9)} {random.Below(9)}XY\")");
                    rows.Raw("active").Instant(random.Past(1200)).End();
                }
            }
        }
        using var links = new CopyRows(connection, "public.client_group_product_owners", "client_group_id, product_owner_id, display_order");
        for (var g = 1; g <= options.Clients; g++)
            for (var k = 0; k < 1 + g % 2; k++) links.Number(g).Number(OwnerOf(g, k)).Number(k).End();
    }

    /// <summary>Groups of an odd number are couples.</summary>
    internal static int OwnerOf(int group, int place) => 1000 + group * 2 + place;

    private static void Documents(NpgsqlConnection connection, SeededRandom random, PortalOptions options)
    {
        var paths = new List<(Guid Id, int Group, string Path, DateTime At)>();
        using (var rows = new CopyRows(connection, "public.documents", "id, client_group_id, title, body, thumbnail, storage_path, retained, created_at"))
        {
            for (var g = 1; g <= options.Clients; g += 2)
            {
                var (id, at) = (random.Id(), random.Past(700));
                var path = $"{g}/report {g}.pdf";
                paths.Add((id, g, path, at));
                rows.Id(id).Number(g).Text($"Report of {at:MMMM yyyy}").Text(random.Percent(15) ? null : string.Join(' ', Enumerable.Range(0, 40 + random.Below(200)).Select(_ => random.Pick(Words.Notes))));
                // Large enough to lie outside the row, now and then.
                if (random.Percent(60)) rows.Null(); else rows.Bytes(random, random.Percent(90) ? random.Below(900) : 5000 + random.Below(20000));
                rows.Text(path).Raw(random.Percent(10) ? "empty" : random.Percent(10) ? $"[{at:yyyy-MM-dd},)" : $"[{at:yyyy-MM-dd},{at.AddYears(6):yyyy-MM-dd})").Instant(at).End();
            }
        }
        using var objects = new CopyRows(connection, "storage.objects", "id, bucket_id, name, owner, created_at, updated_at, last_accessed_at, metadata, version, owner_id");
        foreach (var (id, _, path, at) in paths)
            objects.Id(id).Raw("documents").Text(path).Null().Instant(at).Instant(at).Instant(at).Text($$"""{"eTag": "\"{{random.Hex(16)}}\"", "size": {{random.Below(900_000)}}, "mimetype": "application/pdf"}""").Id(random.Id()).Null().End();
        for (var u = 0; u < options.Users; u += 4)
        {
            var at = random.Past(700);
            objects.Id(random.Id()).Raw("avatars").Raw($"{options.User(u)}/face.png").Id(options.User(u)).Instant(at).Instant(at).Instant(at).Raw($$"""{"size": {{random.Below(90_000)}}, "mimetype": "image/png"}""").Id(random.Id()).Raw(options.User(u).ToString()).End();
        }
    }
}
