namespace Godwit.Samples.ClientPortal;

/// <summary>Words with what breaks naive copies: quotes, backslashes, tabs, the letters \N, accents, other scripts, blanks at the ends.</summary>
internal static class Words
{
    public static readonly string[] FirstNames =
        ["Amelia", "Oliver", "Zoë", "Jürgen", "Seán", "Noor", "Chloé", "Dmitri", "Ngozi", "Björk", "Mary-Jane", "José", "李", "Aarav", "Ffion", "Łukasz", "Ann", "Priya", "Tom", "Ève"];

    public static readonly string[] Surnames =
        ["O'Brien", "Smith", "Müller", "d'Arcy", "van der Berg", "Nguyễn", "Håkansson", "Jones", "García Márquez", "McDonald", "小林", "Okafor", "Żak", "Lloyd-Davies", "Singh", "Évrard", "Taylor", "De La Cruz", "Patel", "Öztürk"];

    public static readonly string[] Notes =
    [
        "Prefers calls before nine.", "Said \"not before the budget\"; see C:\\clients\\notes", "Line one\nline two\r\nline three", "Tab\there", @"\N is how COPY writes nothing", "  blanks at both ends  ",
        "", "Comma, semicolon; 'single' and \"double\"", "Emoji \U0001F4C8 and \U0001F9FE", "{\"looks\": \"like json\"}", "100% sure; 50 % later", "NULL", "\\.", "Ångström – naïve façade", "a\u00a0no-break space",
    ];

    public static readonly string[] Towns = ["Bath", "Ynys Môn", "Newcastle upon Tyne", "St. Mary's", "Zürich", "\"The Hamlet\"", "Kraków"];
    public static readonly string[] Tags = ["VIP", "vulnerable", "trustee, settlor", "says \"hello\"", "back\\slash", "ünïcode", "NULL", "{braces}", "two words"];
    public static readonly string[] Providers = ["Aegon", "Aviva", "Fidelity", "ABRDN", "Transact", "Quilter", "7IM", "AJ Bell", "Canada Life", "LV=", "L&G", "O'Neill & Söhne", "Prudential", "Royal London", "Zurich (old)"];
    public static readonly string[] FundWords = ["Global", "Sustainable", "UK", "Emerging", "Índex", "Corporate Bond", "Property", "Gilt", "Multi-Asset", "Smaller Companies", "Cash"];
    public static readonly string[] Houses = ["Vanguard", "LGIM", "M&G", "Ruffer", "Baillie Gifford", "Fundsmith", "HSBC", "Dimensional"];
    public static readonly string[] Kinds = ["ISA", "GIA", "SIPP", "Bond", "JISA", "Offshore bond"];
    public static readonly string[] GroupKinds = ["Family", "Couple", "Single", "Trust", "Business"];
    public static readonly string[] Pages = ["/groups", "/groups/42", "/products?sort=name&dir=\"asc\"", "/reports/irr", "/documents"];
    public static readonly string[] Agents = ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101", "portal-mobile/3.2 (iOS; \"16.4\")"];
}
