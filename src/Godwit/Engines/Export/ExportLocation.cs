using Godwit.Schema;

namespace Godwit.Engines.Export;

/// <summary>FOLDER, FOLDER?schema=FILE or FOLDER?schema=postgres://...: where row exports lie, and what says of which types they are.</summary>
internal sealed record ExportLocation(string Folder, string Schema)
{
    private const string Asks = "?schema=";
    private const string Usual = "schema.sql";

    /// <summary>Without the schema, which may be a connection string.</summary>
    public string Display => "csv:" + Folder;

    /// <summary>Null where it is no file.</summary>
    public string? SchemaFile => File.Exists(Schema) ? Path.GetFullPath(Schema) : null;

    /// <summary>URL?schema=FILE&amp;schemas=public,sales&amp;folder=DIR&amp;rows=1000 of a data API.</summary>
    public static (Uri Project, ExportLocation Location, IReadOnlyList<string> Schemas, int PageRows) ParseApi(string text)
    {
        var parts = text.Split('?', 2);
        if (!Uri.TryCreate(parts[0], UriKind.Absolute, out var project) || project.Scheme is not ("http" or "https"))
            throw new GodwitException(ErrorKind.Usage, "api-url-invalid", $"supabase-api: takes the project's URL, not {parts[0]}.", "supabase-api:https://REF.supabase.co?schema=schema.sql");
        if (project.Scheme == "http" && !project.IsLoopback)
            throw new GodwitException(ErrorKind.Usage, "api-url-plain", $"http://{project.Host} would let the service key pass over the network in the clear.", $"https://{project.Host}; http: is for this machine alone (localhost).");
        // A connection string may hold & itself: as the schema it comes last.
        var options = parts.Length > 1 ? parts[1] : "";
        var last = options.IndexOf("schema=postgres", StringComparison.Ordinal);
        var asked = (last < 0 ? options.Split('&') : [.. options[..last].Split('&', StringSplitOptions.RemoveEmptyEntries), options[last..]]).Select(p => p.Split('=', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
        if (asked.Keys.FirstOrDefault(k => k is not ("schema" or "schemas" or "folder" or "rows")) is { } unknown)
            throw new GodwitException(ErrorKind.Usage, "api-url-invalid", $"supabase-api: knows no option {unknown}{Nearest.Question(unknown, ["schema", "schemas", "folder", "rows"])}.", "supabase-api:https://REF.supabase.co?schema=schema.sql&schemas=public&folder=DIR&rows=1000");
        var rows = 1000;
        if (asked.TryGetValue("rows", out var named) && !(int.TryParse(named, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out rows) && rows > 0))
            throw new GodwitException(ErrorKind.Usage, "api-url-invalid", $"rows={named}: a number of rows is expected.", "rows=1000 is the default.");
        var folder = asked.GetValueOrDefault("folder", "godwit-api-" + project.Host);
        var schema = asked.GetValueOrDefault("schema", File.Exists(Usual) ? Usual : "");
        if (schema.Length == 0)
            throw new GodwitException(ErrorKind.Usage, "export-schema-missing", "A data API does not say how its tables were made, and there is no schema.sql here.", $"supabase-api:{project}?schema=FILE.sql (supabase db dump), or --data-only into a target that has the tables.");
        return (project, new(folder, schema), asked.GetValueOrDefault("schemas", "public").Split(','), rows);
    }

    public static ExportLocation Parse(string text)
    {
        var at = text.IndexOf(Asks, StringComparison.Ordinal);
        var folder = at < 0 ? text : text[..at];
        if (at >= 0 && text[(at + Asks.Length)..] is { Length: > 0 } named) return new(folder, named);
        if (File.Exists(Path.Combine(folder, Usual))) return new(folder, Path.Combine(folder, Usual));
        throw new GodwitException(ErrorKind.Usage, "export-schema-missing", $"Exports of rows do not say of which types they are, and {folder} holds no {Usual}.",
            $"csv:{folder}?schema=FILE.sql (pg_dump --schema-only, supabase db dump), or --data-only into a target that has the tables.");
    }
}
