using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using Godwit.Cli.Configuration;
using Godwit.Schema;

namespace Godwit.Cli.Commands;

/// <summary>The options that plan, migrate and check share, and how they stand above godwit.yaml.</summary>
internal static class MigrationFlags
{
    public static void AddEnds(Command command, bool targetOptional)
    {
        command.Add(new Argument<string?>("SOURCE") { Description = "SQLite file: app.db or sqlite:app.db; or PostgreSQL: postgres://user@host:5432/db, host=... dbname=..., supabase:postgres://...; or files: dump:FILE, csv:FOLDER?schema=FILE, supabase-api:URL?schema=FILE", Arity = ArgumentArity.ZeroOrOne });
        command.Add(new Argument<string?>("TARGET")
        {
            Description = "PostgreSQL: postgres://user@host:5432/db, host=... dbname=..., or local[:NAME] for a private one" + (targetOptional ? " (optional)" : ""),
            Arity = ArgumentArity.ZeroOrOne,
        });
    }

    public static void AddPlanning(Command command)
    {
        command.Add(Text("--schema", "NAME", "Target schema (default: public)"));
        command.Add(List("--include", "PATTERN", "Only tables that match (* and ?); repeatable"));
        command.Add(List("--exclude", "PATTERN", "Not the tables that match; repeatable"));
        command.Add(Jobs());
        command.Add(Choice("--if-exists", Words.IfExists, "What to do where tables of the same names exist"));
        command.Add(Choice("--names", Words.Names, "Keep names as they are, or fold them to lower case"));
        command.Add(List("--cast", "PATTERN=TYPE", "PostgreSQL type of a column (users.born), a pattern (*.created_at) or a declared type (DATETIME); repeatable"));
        command.Add(List("--on-misfit", "[PATTERN=]POLICY", "widen, quarantine or fail: what happens to values that do not fit their column, and between PostgreSQL servers to rows that break a key or a check; repeatable"));
        command.Add(Choice("--json-type", Words.JsonAsText, "Type of JSON columns; json keeps the text as it is"));
        command.Add(Flag("--index-foreign-keys", "Create the indexes that foreign keys lack"));
        command.Add(Choice("--orm", Words.Orm, "auto: where a framework made the source (Django, Rails, Prisma, SQLAlchemy, Laravel), choose types as its own migrations would"));
        command.Add(Flag("--fts", "Give each table that the source searches by words (FTS3, FTS4, FTS5) a tsvector column with a GIN index"));
        PlatformFlags.Add(command);
        command.Add(Flag("--schema-only", "No rows"));
        command.Add(Flag("--data-only", "Rows only, into tables that exist"));
    }

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };

    public static Option<string> Text(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = value, Description = description };

    public static Option<string[]> List(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description, AllowMultipleArgumentsPerToken = false, Arity = ArgumentArity.OneOrMore };

    public static Option<int?> Jobs()
    {
        var jobs = new Option<int?>("--jobs", "-j") { HelpName = "N", Description = "Concurrent readers, COPY streams and index builds (default: cores)" };
        jobs.CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var n) && n is > 0 and <= 256) return n;
            result.AddError($"--jobs: a number from 1 to 256 is expected, not '{text}'");
            return null;
        };
        return jobs;
    }

    /// <summary>An option of a few words; a word that is none of them is answered with the nearest.</summary>
    public static Option<string> Choice<T>(string name, ImmutableArray<(string Word, T Value)> words, string description)
    {
        var option = new Option<string>(name) { HelpName = string.Join('|', words.Select(w => w.Word)), Description = description };
        option.CompletionSources.Add([.. words.Select(w => w.Word)]);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (Words.TryParse(words, token.Value, out _)) continue;
                var meant = Nearest.To(token.Value, words.Select(w => w.Word));
                result.AddError($"{name}: '{token.Value}' is not one of {Words.List(words)}" + (meant is null ? "" : $"; did you mean '{meant}'?"));
            }
        });
        return option;
    }

    /// <summary>What the command line says, else godwit.yaml, else the default.</summary>
    public static MigrationOptions Resolve(Invocation invocation)
    {
        var project = invocation.Settings.Project;
        var (misfits, rules) = Misfits(invocation.Option<string[]>("--on-misfit") ?? []);
        var options = new MigrationOptions
        {
            TargetSchema = invocation.Option<string>("--schema") ?? project.Schema?.Value ?? "public",
            Include = Given(invocation.Option<string[]>("--include"), project.Include),
            Exclude = Given(invocation.Option<string[]>("--exclude"), project.Exclude),
            Jobs = invocation.Option<int?>("--jobs") ?? project.Jobs?.Value ?? Math.Max(1, System.Environment.ProcessorCount),
            IfExists = Word(invocation.Option<string>("--if-exists"), Words.IfExists, IfExists.Fail),
            Names = Word(invocation.Option<string>("--names"), Words.Names, project.Names?.Value ?? default),
            // The first rule that matches wins, so that the command line's come first.
            Casts = [.. Casts(invocation.Option<string[]>("--cast") ?? []), .. project.Casts?.Value ?? []],
            Misfits = misfits ?? project.Misfits?.Value ?? default,
            MisfitRules = [.. rules, .. project.MisfitRules?.Value ?? []],
            JsonAsText = Word(invocation.Option<string>("--json-type"), Words.JsonAsText, project.JsonAsText?.Value ?? false),
            FollowOrm = Word(invocation.Option<string>("--orm"), Words.Orm, project.FollowOrm?.Value ?? true),
            FullTextSearch = invocation.Option<bool>("--fts") || project.FullTextSearch?.Value == true,
            IndexForeignKeys = invocation.Option<bool>("--index-foreign-keys") || project.IndexForeignKeys?.Value == true,
            ExtraIndexes = project.Indexes?.Value ?? [],
            Platform = PlatformFlags.Resolve(invocation),
            StorageKey = PlatformFlags.StorageKey(invocation),
            SchemaOnly = invocation.Option<bool>("--schema-only"),
            DataOnly = invocation.Option<bool>("--data-only"),
        };
        if (options.SchemaOnly && options.DataOnly)
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "--schema-only and --data-only exclude each other", "Leave both out to migrate schema and data.");
        if (options.DataOnly && options.IfExists == IfExists.Replace)
            throw new GodwitException(ErrorKind.Usage, "options-conflict", "--data-only loads into tables that exist, so --if-exists replace has no meaning", "Use --if-exists append, or leave --data-only out.");
        return options;
    }

    public static VerifyMode? Verify(Invocation invocation, string option) =>
        invocation.Option<string>(option) is { } word ? Word(word, Words.Verify, VerifyMode.Full)
        : invocation.Settings.Project.Verify is { } set ? set.Value : VerifyMode.Full;

    /// <summary>Null: whichever fits.</summary>
    public static FollowMethod? Method(Invocation invocation) => Word(invocation.Option<string>("--method"), Words.FollowMethods, null);

    private static T Word<T>(string? text, ImmutableArray<(string, T)> words, T fallback) =>
        text is not null && Words.TryParse(words, text, out var value) ? value : fallback;

    private static ImmutableArray<string> Given(string[]? flags, Located<ImmutableArray<string>>? project) =>
        flags is { Length: > 0 } ? [.. flags] : project?.Value ?? [];

    private static IEnumerable<CastRule> Casts(string[] texts)
    {
        foreach (var text in texts)
        {
            var equals = text.LastIndexOf('=');
            if (equals <= 0 || equals == text.Length - 1)
                throw new GodwitException(ErrorKind.Usage, "cast-invalid", $"--cast '{text}': PATTERN=TYPE is expected", "For example --cast 'users.born=date'.");
            yield return new(text[..equals].Trim(), text[(equals + 1)..].Trim());
        }
    }

    private static (Plan.MisfitPolicy? Default, List<MisfitRule> Rules) Misfits(string[] texts)
    {
        Plan.MisfitPolicy? all = null;
        var rules = new List<MisfitRule>();
        foreach (var text in texts)
        {
            var equals = text.LastIndexOf('=');
            var word = text[(equals + 1)..];
            if (!Words.TryParse(Words.Misfits, word, out var policy))
            {
                var meant = Nearest.To(word, Words.Misfits.Select(w => w.Word));
                throw new GodwitException(ErrorKind.Usage, "misfit-invalid", $"--on-misfit '{text}': '{word}' is not one of {Words.List(Words.Misfits)}",
                    meant is null ? "For example --on-misfit quarantine, or --on-misfit 'users.bio=quarantine'." : $"Did you mean '{meant}'?");
            }
            if (equals < 0) all = policy;
            else rules.Add(new(text[..equals], policy));
        }
        return (all, rules);
    }
}
