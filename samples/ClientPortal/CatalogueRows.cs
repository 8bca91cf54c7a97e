using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>Providers and funds: the same number at any size.</summary>
internal static class CatalogueRows
{
    private static readonly string[] s_statuses = ["Active", "ACTIVE", "active"];

    public static void Write(NpgsqlConnection connection, SeededRandom random)
    {
        using (var rows = new CopyRows(connection, "public.providers", "id, name, status, theme_colour, contact, created_at"))
        {
            for (var i = 1; i <= PortalOptions.Providers; i++)
                rows.Number(i).Text(Words.Providers[i - 1]).Raw(i == PortalOptions.Providers ? "Closed" : random.Pick(s_statuses)).Raw("#" + random.Hex(3)).Raw($"192.0.2.{i}/24").Instant(random.Past(2000)).End();
        }
        using var funds = new CopyRows(connection, "public.funds", "id, isin, name, risk, ongoing_charge, performance, settlement, status");
        for (var i = 1; i <= PortalOptions.Funds; i++)
        {
            funds.Number(i).Raw($"GB00{i:0000000}{i % 10}").Text($"{random.Pick(Words.Houses)} {random.Pick(Words.FundWords)} {(char)('A' + random.Below(6))}").Number(1 + random.Below(7))
                .Number(random.Below(200) / 100.0);
            if (i % 40 == 0) funds.Raw(i % 80 == 0 ? "NaN" : "-Infinity"); else funds.Number((random.Below(4_000_000) - 1_000_000) / 31337.0);
            funds.Raw(i % 11 == 0 ? "1 mon -2 days 04:05:06.789" : $"{1 + random.Below(5)} days").Raw(i % 13 == 0 ? "inactive" : "active").End();
        }
    }
}
