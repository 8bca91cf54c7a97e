using Godwit.Samples.InternshipTracker;
using Npgsql;

namespace Godwit.Samples.ClientPortal;

internal static class ProductRows
{
    public static void Write(NpgsqlConnection connection, SeededRandom random, Book book)
    {
        using (var rows = new CopyRows(connection, "public.portfolios", "id, name, model, status, held, template_id"))
        {
            for (var m = 1; m <= Book.Models; m++) rows.Number(m).Raw($"Model {m}").Bool(true).Raw("active").Raw("[2021-01-01,)").Null().End();
            foreach (var p in book.Products)
            {
                rows.Number(p.Portfolio).Text($"Portfolio {p.Portfolio} of \"{p.Group}\"").Bool(false).Raw(random.Percent(90) ? "active" : "inactive").Raw(random.Percent(95) ? $"[{random.Day(1200):yyyy-MM-dd},)" : "(,)");
                if (random.Percent(50)) rows.Null(); else rows.Number(1 + random.Below(Book.Models));
                rows.End();
            }
        }
        using (var rows = new CopyRows(connection, "public.products", "id, client_group_id, provider_id, portfolio_id, kind, name, plan_number, status, start_date, end_date, fixed_fee, percentage_fee"))
            foreach (var p in book.Products) Product(rows, random, p);
        using (var rows = new CopyRows(connection, "public.product_owner_products", "product_id, product_owner_id, share"))
        {
            foreach (var p in book.Products)
                for (var k = 0; k < 1 + p.Group % 2; k++) rows.Number(p.Id).Number(GroupRows.OwnerOf(p.Group, k)).Raw(p.Group % 2 == 0 ? "100.00" : "50.00").End();
        }
        using var holdings = new CopyRows(connection, "public.portfolio_funds", "id, portfolio_id, fund_id, target_weighting, start_date, end_date, amount_invested");
        foreach (var h in book.Holdings)
        {
            holdings.Number(h.Id).Number(h.Portfolio).Number(h.Fund).Number(random.Below(1_000_000) / 10_000m).Date(PortalGenerator.Today.AddMonths(-h.Months));
            if (random.Percent(90)) holdings.Null(); else holdings.Raw(random.Percent(20) ? "infinity" : "2025-06-30");
            holdings.Number(h.Invested).End();
        }
    }

    private static void Product(CopyRows rows, SeededRandom random, Book.Product p)
    {
        var kind = random.Pick(Words.Kinds);
        rows.Number(p.Id).Number(p.Group).Number(1 + random.Below(PortalOptions.Providers - 1)).Number(p.Portfolio).Raw(kind).Text($"{kind} no. {p.Id}");
        if (random.Percent(10)) rows.Null(); else rows.Raw($"PL-{p.Id:000000}");
        rows.Raw(random.Percent(92) ? "active" : "inactive").Date(random.Day(1500)).Null();
        if (random.Percent(30)) rows.Null(); else rows.Number(random.Money(2000));
        // numeric without a scale keeps the digits that were written: 0.50 is not 0.5.
        if (random.Percent(30)) rows.Null(); else rows.Raw(random.Percent(50) ? "0.50" : random.Percent(50) ? "0.5" : "1.000000000000000000001");
        rows.End();
    }
}
