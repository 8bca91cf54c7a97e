using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Godwit.Target;
using Npgsql;

namespace Godwit.Supabase;

/// <summary>A file that storage.objects knows. <paramref name="Size"/> is null where its metadata does not say, <paramref name="Written"/> (UTC) where nothing says when it was last replaced.</summary>
public sealed record StoredFile(string Bucket, string Name, string Version, long? Size, DateTime? Written);

public sealed record StorageResult(long Files, long Bytes, long Kept, ImmutableArray<Finding> Findings);

/// <summary>
/// Copies the bytes of storage to FOLDER/bucket/name, from a folder of the same shape, from the folder of a self-hosted service (…/bucket/name/version), or
/// through the Storage API; and compares each with what the database says of it. A file that is there with the right size and the time of its last replacement
/// is not copied again: a copy gets that time.
/// </summary>
public sealed class StorageFiles(HttpClient http, string? serviceKey)
{
    private const int Named = 5;

    // Where a file system keeps coarser times, a file is copied once too often, not once too rarely.
    private static readonly TimeSpan s_sameTime = TimeSpan.FromMilliseconds(1);

    public static async Task<ImmutableArray<StoredFile>> ListAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(EmbeddedSql.Read("Supabase/Sql/storage-objects.sql"), connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var files = ImmutableArray.CreateBuilder<StoredFile>();
        while (await reader.ReadAsync(ct)) files.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), await reader.IsDBNullAsync(3, ct) ? null : reader.GetInt64(3), await reader.IsDBNullAsync(4, ct) ? null : reader.GetDateTime(4)));
        return files.ToImmutable();
    }

    /// <summary><paramref name="from"/>: a folder, or the API's URL (https://REF.supabase.co/storage/v1, or the project's URL alone). <paramref name="folder"/> is made where it is missing.</summary>
    public async Task<StorageResult> CopyAsync(string from, string folder, ImmutableArray<StoredFile> files, int jobs, CancellationToken ct)
    {
        var api = Uri.TryCreate(from, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
        if (api is not null && string.IsNullOrEmpty(serviceKey))
            throw new GodwitException(ErrorKind.Usage, "storage-key-missing", "The Storage API answers only with the project's service key.", "Set SUPABASE_SERVICE_ROLE_KEY, in the environment or in .env; it never goes on the command line.");
        if (api is null && !Directory.Exists(from)) throw new GodwitException(ErrorKind.Usage, "storage-folder-missing", $"There is no folder {from}.", "Name the folder that holds the buckets: --storage-files DIR");
        var (missing, different, unsafeNames) = (new ConcurrentBag<string>(), new ConcurrentBag<string>(), new ConcurrentBag<string>());
        long copied = 0, bytes = 0, kept = 0;
        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, jobs), CancellationToken = ct }, async (file, stop) =>
        {
            var label = $"{file.Bucket}/{file.Name}";
            if (PathOf(folder, file) is not { } path)
            {
                unsafeNames.Add(label);
                return;
            }
            if (IsThere(path, file))
            {
                Interlocked.Increment(ref kept);
                return;
            }
            var length = await (api is null ? FromFolderAsync(from, file, path, stop) : FromApiAsync(api, file, path, stop));
            if (length is null) missing.Add(label);
            else
            {
                Interlocked.Increment(ref copied);
                Interlocked.Add(ref bytes, length.Value);
                if (file.Size is { } expected && expected != length) different.Add(string.Create(CultureInfo.InvariantCulture, $"{label} ({length} bytes instead of {expected})"));
            }
        });
        var findings = ImmutableArray.CreateBuilder<Finding>();
        Tell("storage-file-missing", missing, "are in the database and not in " + from);
        Tell("storage-file-differs", different, "have another size than the database says");
        Tell("storage-name-unsafe", unsafeNames, "have names that lead out of their bucket's folder, and are not written");
        return new(copied, bytes, kept, findings.ToImmutable());

        void Tell(string code, ConcurrentBag<string> names, string what)
        {
            if (names.IsEmpty) return;
            var list = string.Join(", ", names.Order(StringComparer.Ordinal).Take(Named)) + (names.Count > Named ? string.Create(CultureInfo.InvariantCulture, $" and {names.Count - Named} more") : "");
            findings.Add(code switch
            {
                "storage-file-missing" => new("storage-file-missing", Severity.Warning, "storage", $"{names.Count} files {what}: {list}."),
                "storage-file-differs" => new("storage-file-differs", Severity.Warning, "storage", $"{names.Count} files {what}: {list}."),
                _ => new("storage-name-unsafe", Severity.Warning, "storage", $"{names.Count} files {what}: {list}."),
            });
        }
    }

    private static bool IsThere(string path, StoredFile file) => new FileInfo(path) is { Exists: true } there && there.Length == file.Size
        && (file.Written is not { } written || (there.LastWriteTimeUtc - written).Duration() < s_sameTime);

    private static async Task<long?> FromFolderAsync(string root, StoredFile file, string to, CancellationToken ct)
    {
        if (PathOf(root, file) is not { } path) return null;
        if (Directory.Exists(path)) path = file.Version.Length > 0 ? Path.Combine(path, Path.GetFileName(file.Version)) : Directory.EnumerateFiles(path).FirstOrDefault() ?? path;
        if (!File.Exists(path)) return null;
        await using var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        return await WriteAsync(content, to, file.Written, ct);
    }

    private async Task<long?> FromApiAsync(Uri api, StoredFile file, string to, CancellationToken ct)
    {
        var root = api.AbsoluteUri.TrimEnd('/');
        if (!root.Contains("/storage/v", StringComparison.Ordinal)) root += "/storage/v1";
        var path = string.Join('/', file.Name.Split('/').Select(Uri.EscapeDataString));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{root}/object/{Uri.EscapeDataString(file.Bucket)}/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", serviceKey);
        request.Headers.Add("apikey", serviceKey);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                throw new GodwitException(ErrorKind.SourceFatal, "storage-key-refused", $"The Storage API at {api.Host} refuses the key ({(int)response.StatusCode}).", "Take the service_role key of this project: the anon key may read public files only.");
            // The API says 400 with a body for a file that is not there.
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest) return null;
            if (!response.IsSuccessStatusCode)
                throw new GodwitException(ErrorKind.SourceTransient, "storage-unreachable", $"The Storage API at {api.Host} answers {(int)response.StatusCode}.", "Type the same command again: files that have arrived are not copied again.");
            await using var content = await response.Content.ReadAsStreamAsync(ct);
            return await WriteAsync(content, to, file.Written, ct);
        }
        catch (HttpRequestException e)
        {
            throw new GodwitException(ErrorKind.SourceTransient, "storage-unreachable", $"The Storage API at {api.Host} cannot be reached: {e.Message}", "Check the URL, then type the same command again: files that have arrived are not copied again.", e);
        }
    }

    /// <summary>Whole or not at all: a file that was cut off in the middle never has its name.</summary>
    private static async Task<long> WriteAsync(Stream content, string path, DateTime? written, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var part = path + ".godwit-part";
        long length;
        await using (var file = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16, useAsync: true))
        {
            await content.CopyToAsync(file, ct);
            length = file.Length;
        }
        if (written is { } time) File.SetLastWriteTimeUtc(part, time);
        File.Move(part, path, overwrite: true);
        return length;
    }

    /// <summary>Null for a name that leads elsewhere.</summary>
    private static string? PathOf(string root, StoredFile file)
    {
        var bucket = Path.GetFullPath(Path.Combine(root, file.Bucket));
        if (file.Bucket.Length == 0 || file.Bucket is "." or ".." || file.Bucket.Contains('/', StringComparison.Ordinal) || file.Name.Contains('\0', StringComparison.Ordinal)) return null;
        var path = Path.GetFullPath(Path.Combine(bucket, file.Name.TrimStart('/')));
        return path.StartsWith(bucket + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? path : null;
    }
}
