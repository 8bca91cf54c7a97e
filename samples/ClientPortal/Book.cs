using Godwit.Samples.InternshipTracker;

namespace Godwit.Samples.ClientPortal;

/// <summary>Which group holds which products and funds: what the large tables are written from.</summary>
internal sealed record Book(IReadOnlyList<Book.Product> Products, IReadOnlyList<Book.Holding> Holdings)
{
    /// <summary>Portfolios 1 to this are models that others are copied from.</summary>
    public const int Models = 5;

    /// <summary>Months of values at most.</summary>
    private const int Months = 54;

    internal sealed record Product(int Id, int Group, int Portfolio);

    internal sealed record Holding(int Id, int Portfolio, int ProductId, int Fund, int Months, decimal Invested);

    public static Book Make(SeededRandom random, PortalOptions options)
    {
        var (products, holdings) = (new List<Product>(), new List<Holding>());
        for (var g = 1; g <= options.Clients; g++)
        {
            for (int p = 0, n = 1 + random.Below(4); p < n; p++)
            {
                var product = new Product(products.Count + 1, g, Models + products.Count + 1);
                products.Add(product);
                for (int h = 0, m = 3 + random.Below(7); h < m; h++)
                    holdings.Add(new(holdings.Count + 1, product.Portfolio, product.Id, 1 + random.Below(PortalOptions.Funds), 6 + random.Below(Months - 6), random.Money(90_000)));
            }
        }
        return new(products, holdings);
    }
}
