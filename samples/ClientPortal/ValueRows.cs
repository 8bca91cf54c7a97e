using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

/// <summary>The large tables: valuations by month, the activity log without a key, internal rates of return.</summary>
internal static class ValueRows
{
    private static readonly string[] s_activities = ["Investment", "RegularInvestment", "GovernmentUplift", "Withdrawal", "FundSwitchIn", "FundSwitchOut", "Product Switch In", "Product Switch Out", "AdviserFee"];

    public static void Write(NpgsqlConnection connection, SeededRandom random, Book book)
    {
        Valuations(connection, random, book);
        Activities(connection, random, book);
        Rates(connection, random, book);
        using var trail = new CopyRows(connection, "public.audit_events", "at, action, entity, before, after");
        for (var i = 0; i < book.Products.Count; i += 4)
            trail.Instant(random.Past(400)).Raw("UPDATE").Raw("products").Text($$"""{"id": {{i}}, "fixed_fee": {{random.Below(900)}}.50}""").Text(random.Percent(10) ? null : $$"""{"id": {{i}}, "fixed_fee": null}""").End();
    }

    private static void Valuations(NpgsqlConnection connection, SeededRandom random, Book book)
    {
        using var rows = new CopyRows(connection, "public.valuations", "id, portfolio_fund_id, valued_on, valuation, units");
        var id = 0L;
        foreach (var h in book.Holdings)
        {
            var value = h.Invested;
            for (var m = h.Months; m > 0; m--)
            {
                value = decimal.Round(value * (0.97m + random.Below(6500) / 100_000m), 4);
                rows.Number(++id).Number(h.Id).Date(PortalGenerator.Today.AddMonths(-m)).Number(value);
                if (random.Percent(25)) rows.Null(); else rows.Number(random.Below(1_000_000_000) / 1_000_000m);
                rows.End();
            }
        }
        // Before the first partition: these lie in the default one.
        if (book.Holdings.Count > 0) rows.Number(++id).Number(1).Raw("1999-12-31").Raw("0.0001").Raw("1e-20").End();
    }

    private static void Activities(NpgsqlConnection connection, SeededRandom random, Book book)
    {
        using var rows = new CopyRows(connection, "public.holding_activity_log", "portfolio_fund_id, product_id, kind, happened_at, amount, market_value, narrative");
        foreach (var h in book.Holdings)
        {
            for (int i = 0, n = 4 + random.Below(24); i < n; i++)
            {
                // Now and then the same row twice, to the last byte: only the count tells.
                var (kind, at, amount, note) = (random.Pick(s_activities), random.Past(h.Months * 30), random.Money(5000), random.Percent(70) ? null : random.Pick(Words.Notes));
                for (int k = 0, twice = random.Percent(2) ? 2 : 1; k < twice; k++)
                    rows.Number(h.Id).Number(h.ProductId).Raw(kind).Moment(at).Number(amount).Raw("0.00").Text(note).End();
            }
        }
        for (var orphan = 1; orphan <= Math.Min(3, book.Holdings.Count); orphan++)
            rows.Number(-orphan).Null().Raw("Investment").Raw("-infinity").Raw("1.00").Raw("NaN").Text("from the former system").End();
    }

    private static void Rates(NpgsqlConnection connection, SeededRandom random, Book book)
    {
        using (var rows = new CopyRows(connection, "public.portfolio_fund_irr_values", "id, portfolio_fund_id, irr_date, irr, computed_at"))
        {
            var id = 0L;
            foreach (var h in book.Holdings)
            {
                for (var m = h.Months; m > 0; m -= 3)
                {
                    rows.Number(++id).Number(h.Id).Date(PortalGenerator.Today.AddMonths(-m));
                    var rare = random.Below(2000);
                    if (rare == 0) rows.Raw("NaN");
                    else if (rare == 1) rows.Raw("-Infinity");
                    else if (rare < 5) rows.Raw("0.000");
                    else rows.Number((random.Below(400_000_000) - 100_000_000) / (decimal)(1 + random.Below(99_999_999)));
                    rows.Instant(random.Past(30)).End();
                }
            }
        }
        using var totals = new CopyRows(connection, "public.portfolio_irr_values", "id, portfolio_id, irr_date, irr");
        var total = 0L;
        foreach (var p in book.Products)
            for (var q = 8; q > 0; q--) totals.Number(++total).Number(p.Portfolio).Date(PortalGenerator.Today.AddMonths(-q * 3)).Number((random.Below(40_000) - 10_000) / 1000m).End();
    }
}
