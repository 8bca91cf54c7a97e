using System.Text;

namespace Godwit.Samples.InternshipTracker;

/// <summary>A piece of text as UTF-8, and as the inside of a JSON string the way Python's json.dumps writes it (ASCII with \u escapes).</summary>
internal sealed class Word
{
    public byte[] Plain { get; }
    public byte[] Json { get; }

    private Word(string text)
    {
        Plain = Encoding.UTF8.GetBytes(text);
        var json = new StringBuilder();
        foreach (var c in text)
        {
            if (c is '"' or '\\') json.Append('\\').Append(c);
            else if (c == '\n') json.Append("\\n");
            else if (c is < ' ' or > '~') json.Append("\\u").Append(((int)c).ToString("x4"));
            else json.Append(c);
        }
        Json = Encoding.ASCII.GetBytes(json.ToString());
    }

    public static implicit operator Word(string text) => new(text);
}

internal static class Words
{
    /// <summary>First name, last name, and the login made of both.</summary>
    public static readonly (Word First, Word Last, Word Login)[] People =
    [
        ("Amelia", "Okafor", "amelia.okafor"), ("Liam", "O'Brien", "liam.obrien"), ("Zoë", "Müller", "zoe.mueller"), ("José", "García Márquez", "jose.garcia"),
        ("Renée", "D’Aubigné", "renee.daubigne"), ("Søren", "Ångström", "soren.angstrom"), ("Łukasz", "Żółkiewski", "lukasz.zolkiewski"), ("Nguyễn", "Thị Hồng", "nguyen.hong"),
        ("Дарья", "Иванова", "darya.ivanova"), ("Олександр", "Шевченко", "oleksandr.shevchenko"), ("Ελένη", "Παπαδοπούλου", "eleni.papadopoulou"), ("ליאור", "כהן", "lior.cohen"),
        ("فاطمة", "الزهراء", "fatima.alzahra"), ("محمد", "حسين", "mohamed.hussein"), ("अनन्या", "शर्मा", "ananya.sharma"), ("প্রিয়া", "সেন", "priya.sen"),
        ("王", "小明", "wang.xiaoming"), ("李", "娜", "li.na"), ("さくら", "田中", "sakura.tanaka"), ("민준", "김", "minjun.kim"),
        ("ณัฐ", "ศรีสุข", "nat.srisuk"), ("Ayşe", "Yılmaz", "ayse.yilmaz"), ("Siobhán", "Ní Dhomhnaill", "siobhan.nidhomhnaill"), ("Ìfẹ́olúwa", "Adébáyọ̀", "ife.adebayo"),
        ("Grace", "Hopper-Lee", "grace.hopperlee"), ("Noah", "Smith", "noah.smith"), ("Mia", "Chen", "mia.chen"), ("Oliver \"Ollie\"", "Brown", "ollie.brown"),
        ("Björk", "Guðmundsdóttir", "bjork.g"), ("Tomáš", "Dvořák", "tomas.dvorak"), ("João", "da Silva", "joao.dasilva"), ("Anna-Maria", "von der Heide", "annamaria.heide"),
    ];

    public static readonly Word[] Majors =
    [
        "Computer Science", "Electrical Engineering", "Data Science", "Mathematics", "Économie & Finance", "Mechanical Engineering", "Biology", "Physics",
        "Information Systems", "Human–Computer Interaction", "Statistics", "Design",
    ];

    public static readonly Word[] Places =
    [
        "Berlin, Germany", "São Paulo, Brasil", "Zürich, Schweiz", "København, Danmark", "東京, 日本", "서울, 대한민국", "Montréal, QC", "New York, NY", "San Francisco, CA",
        "Київ, Україна", "München", "Αθήνα", "Remote", "Remote 🌍", "Bengaluru, India", "Lagos, Nigeria", "Austin, TX", "London, UK", "القاهرة, مصر", "Coeur d'Alene, ID",
    ];

    public static readonly Word[] Companies =
    [
        "Northwind Robotics", "Acme & Sons", "Blue Heron Labs", "Müller Maschinenbau GmbH", "O'Reilly Optics", "株式会社サンプル", "Fjord Analytics AS", "Café Société SARL",
        "\"Quoted\" Systems, Inc.", "Tidewater Health", "Pied Avocet", "Orbital Sandbox", "Kestrel Bank", "Green Leaf Energy 🌱", "Ünïcode Consulting", "Back\\slash Software",
        "Long Path Logistics of the Greater North-Western Region", "Zażółć Gęślą Jaźń S.A.", "ООО «Пример»", "Sandpiper Games", "Harbour Data", "Lighthouse AI", "Tern & Gull", "Godwit Air",
    ];

    public static readonly Word[] Positions =
    [
        "Software Engineering Intern", "Data Science Intern", "Backend Intern (Go/Python)", "Frontend Intern", "Machine Learning Intern", "Site Reliability Intern", "Product Intern",
        "Werkstudent Softwareentwicklung", "QA Intern", "Security Intern", "Stagiaire R&D", "Embedded Intern", "インターン（開発）", "Quantitative Research Intern", "UX Research Intern",
    ];

    public static readonly Word[] Salaries = ["$30-35/hr", "€1,800 – €2,200 / month", "£24k pro rata", "¥1,200/時", "unpaid", "$8,000/month + housing", "TBD", "15–18 CHF/h"];

    public static readonly Word[] Actions = ["Send thank-you note", "Follow up by e-mail", "Prepare whiteboard interview", "Ask Zoë for a referral", "Finish take-home task", "Call recruiter", "Sign offer 🎉", "Update CV"];

    public static readonly Word[] Roles = ["Recruiter", "Hiring manager", "Engineer", "Alumni", "HR"];

    public static readonly Word[] Sentences =
    [
        "You will work with a small team on services that handle a few million requests a day. ", "We are looking for someone who is curious and writes clearly. ",
        "Experience with SQL is a plus. ", "The team's stand-up is at 9:30; the rest of the day is yours. ", "You'll ship to production in your first week. ",
        "Applications are reviewed on a rolling basis. ", "Please attach a transcript & a short cover letter. ", "Stack: Python, PostgreSQL, a little C#. ",
        "Il faut parler français et anglais. ", "Deutschkenntnisse sind von Vorteil, aber kein Muss. ", "日本語能力は必須ではありません。", "Housing stipend available 🏠. ",
        "Path on the share: C:\\jobs\\2024\\intern. ", "The recruiter said: \"we move fast\". ", "100% remote is possible, 50% on-site is preferred. ", "Mentors meet their interns every week. ",
    ];

    public static readonly Word[] Remarks =
    [
        "Talked to a former intern, sounds great. ", "Deadline moved by a week!\n", "They asked about B-trees 🌳 and hash maps. ", "Don't forget: portfolio link. ", "- ask about visa\n", "- ask about start date\n",
        "Rejected last year, trying again 💪. ", "Interviewer: Dr. Ångström. ", "Salary isn't negotiable, it seems. ", "Пока без ответа. ", "¿Y si digo que sí? ", "Second round on Tuesday; bring questions.\t", "It's a long shot… ",
    ];

    public static readonly Word[] Bios =
    [
        "CS student, climber, coffee ☕.", "I like small teams and old computers.", "", "Looking for summer 2025 \"anywhere with mountains\".", "Je code, donc je suis.", "학생입니다 🙂", "Likes: SQL;\nDislikes: ' OR 1=1 --",
        "Backslash enthusiast: \\o/", "👩‍💻 first-gen student, she/her", "Ask me about birds. The bar-tailed godwit flies 11,000 km without landing.",
    ];
}
