namespace Godwit.Samples.InternshipTracker;

internal static class UserRows
{
    public static void Write(BulkWriter file, SeededRandom random, int users)
    {
        using var insert = file.Prepare("""
            INSERT INTO users (id, username, email, password_hash, first_name, last_name, major, graduation_year, location, bio, profile_picture,
              social_media, created_at, password_changed_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            """);
        var text = new Utf8Text();
        for (var id = 1; id <= users; id++) Row(insert, random, text, id);
    }

    private static void Row(BulkWriter.Insert insert, SeededRandom random, Utf8Text text, int id)
    {
        var (first, last, login) = random.Pick(Words.People);
        insert.Integer(id)
            .Text(text.Add(login.Plain).Add(id))
            .Text(text.Add(login.Plain).Add('+').Add(id).Add("@example.edu"u8))
            .Text(PasswordHash(random, text));
        if (random.Percent(3)) insert.Null().Null();
        else insert.Text(first.Plain).Text(last.Plain);
        if (random.Percent(10)) insert.Null(); else insert.Text(random.Pick(Words.Majors).Plain);
        if (random.Percent(10)) insert.Null(); else insert.Integer(random.Between(2022, 2029));
        if (random.Percent(15)) insert.Null(); else insert.Text(random.Pick(Words.Places).Plain);
        if (random.Percent(30)) insert.Null(); else insert.Text(random.Pick(Words.Bios).Plain);
        if (random.Percent(60)) insert.Null(); else insert.Text(text.Add("/static/uploads/u"u8).Add(id).Add('_').Hex(random, 4).Add(".jpg"u8));
        SocialMedia(insert, random, text, login);
        var created = random.Before(TrackerGenerator.Today, 1400);
        insert.Text(text.AddMoment(created, random.Microseconds()));
        if (random.Percent(75)) insert.Null();
        else insert.Text(text.AddMoment(random.Between(created, TrackerGenerator.Today), random.Microseconds()));
        insert.Run();
    }

    /// <summary>Looks like werkzeug's; nobody's password hashes to it.</summary>
    private static Utf8Text PasswordHash(SeededRandom random, Utf8Text text)
    {
        var scrypt = random.Percent(80);
        text.Add(scrypt ? "scrypt:32768:8:1$"u8 : "pbkdf2:sha256:600000$"u8);
        for (var i = 0; i < 16; i++) text.Add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[random.Below(62)]);
        return text.Add('$').Hex(random, scrypt ? 64 : 32);
    }

    public static Utf8Text Hex(this Utf8Text text, SeededRandom random, int bytes)
    {
        for (var i = 0; i < bytes; i++)
        {
            var b = random.Below(256);
            text.Add("0123456789abcdef"[b >> 4]).Add("0123456789abcdef"[b & 15]);
        }
        return text;
    }

    private static void SocialMedia(BulkWriter.Insert insert, SeededRandom random, Utf8Text text, Word login)
    {
        switch (random.Below(10))
        {
            case 0 or 1: insert.Null(); break;
            // SQLAlchemy stores None in a JSON column as JSON null unless told otherwise.
            case 2: insert.Text("null"u8); break;
            case 3: insert.Text("{}"u8); break;
            case 4 or 5:
                insert.Text(text.Add("{\"github\": \"https://github.example/"u8).Add(login.Json).Add("\", \"followers\": "u8).Add(random.Below(5000))
                    .Add(", \"verified\": "u8).Add(random.Percent(50) ? "true"u8 : "false"u8).Add('}'));
                break;
            default:
                text.Add("{\"linkedin\": \"in/"u8).Add(login.Json).Add("\", \"links\": ["u8);
                for (int i = 0, n = random.Below(3); i < n; i++)
                {
                    if (i > 0) text.Add(", "u8);
                    text.Add("{\"label\": \""u8).Add(random.Pick(Words.Companies).Json).Add("\", \"url\": \"https://example.com/"u8).Add(random.Below(100_000))
                        .Add("\", \"weight\": "u8).Add(random.Below(10)).Add('.').Add(random.Below(100)).Add('}');
                }
                insert.Text(text.Add("], \"motto\": \""u8).Add(random.Pick(Words.Bios).Json).Add("\"}"u8));
                break;
        }
    }
}
