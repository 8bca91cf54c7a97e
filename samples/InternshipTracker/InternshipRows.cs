namespace Godwit.Samples.InternshipTracker;

internal static class InternshipRows
{
    private static readonly byte[][] Statuses = ["applied"u8.ToArray(), "applied"u8.ToArray(), "applied"u8.ToArray(), "rejected"u8.ToArray(), "rejected"u8.ToArray(),
        "interviewing"u8.ToArray(), "wishlist"u8.ToArray(), "offer"u8.ToArray(), "withdrawn"u8.ToArray()];

    public static void Write(BulkWriter file, SeededRandom random, int rows, int users)
    {
        using var insert = file.Prepare("""
            INSERT INTO internships (id, user_id, company, position, location, status, date_applied, application_deadline, description, salary_range, notes,
              contacts, next_action, next_action_date, next_action_completed, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            """);
        var text = new Utf8Text();
        long id = 0;
        for (var i = 0; i < rows; i++)
        {
            // Users delete rows: now and then a key is missing.
            id += random.Percent(2) ? random.Between(2, 5) : 1;
            Row(insert, random, text, id, 1 + random.Below(users));
        }
    }

    private static void Row(BulkWriter.Insert insert, SeededRandom random, Utf8Text text, long id, int user)
    {
        var created = random.Before(TrackerGenerator.Today, 1200);
        insert.Integer(id).Integer(user).Text(random.Pick(Words.Companies).Plain).Text(random.Pick(Words.Positions).Plain);
        if (random.Percent(10)) insert.Null(); else insert.Text(random.Pick(Words.Places).Plain);
        insert.Text(random.Pick(Statuses));
        Day(insert, random, text, created, 10, -3);
        Day(insert, random, text, created, 40, 60);
        Prose(insert, random, text, Words.Sentences, 15, 1, 4);
        if (random.Percent(50)) insert.Null(); else insert.Text(random.Pick(Words.Salaries).Plain);
        Prose(insert, random, text, Words.Remarks, 45, 0, 4);
        Contacts(insert, random, text);
        NextAction(insert, random, text, created);
        insert.Text(text.AddMoment(created, random.Microseconds()));
        if (random.Percent(20)) insert.Null();
        else insert.Text(text.AddMoment(random.Between(created, TrackerGenerator.Today), random.Microseconds()));
        insert.Run();
    }

    private static void Day(BulkWriter.Insert insert, SeededRandom random, Utf8Text text, DateTime around, int nullPercent, int days)
    {
        if (random.Percent(nullPercent)) insert.Null();
        else insert.Text(text.AddDate(around.AddDays(days < 0 ? -random.Below(1 - days) : random.Below(days + 1))));
    }

    /// <summary>One in two hundred is long enough for PostgreSQL to store it out of line.</summary>
    private static void Prose(BulkWriter.Insert insert, SeededRandom random, Utf8Text text, Word[] bank, int nullPercent, int least, int most)
    {
        if (random.Percent(nullPercent))
        {
            insert.Null();
            return;
        }
        var pieces = random.Below(200) == 0 ? random.Between(40, 160) : random.Between(least, most);
        for (var i = 0; i < pieces; i++) text.Add(random.Pick(bank).Plain);
        insert.Text(text);
    }

    private static void Contacts(BulkWriter.Insert insert, SeededRandom random, Utf8Text text)
    {
        switch (random.Below(10))
        {
            case < 4: insert.Null(); return;
            case 4: insert.Text("[]"u8); return;
        }
        text.Add('[');
        for (int i = 0, n = random.Between(1, 2); i < n; i++)
        {
            if (i > 0) text.Add(", "u8);
            var (first, last, login) = random.Pick(Words.People);
            text.Add("{\"name\": \""u8).Add(first.Json).Add(' ').Add(last.Json).Add("\", \"email\": \""u8).Add(login.Json).Add("@example.com\", \"role\": \""u8)
                .Add(random.Pick(Words.Roles).Json).Add('"');
            if (random.Percent(20))
                text.Add(", \"phone\": null, \"tags\": [\"\\u2764\\ufe0f\", "u8).Add(random.Below(100)).Add(", {\"warm\": "u8).Add(random.Percent(50) ? "true"u8 : "false"u8).Add("}]"u8);
            text.Add('}');
        }
        insert.Text(text.Add(']'));
    }

    private static void NextAction(BulkWriter.Insert insert, SeededRandom random, Utf8Text text, DateTime created)
    {
        if (random.Percent(55))
        {
            insert.Null().Null();
            if (random.Percent(5)) insert.Null(); else insert.Integer(0);
            return;
        }
        insert.Text(random.Pick(Words.Actions).Plain).Text(text.AddDate(created.AddDays(random.Between(1, 45)))).Integer(random.Percent(60) ? 1 : 0);
    }
}
