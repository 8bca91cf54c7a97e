using System.Text;
using System.Text.RegularExpressions;

namespace Godwit.Target;

internal enum DumpFormat { Custom, Directory, Tar, Plain }

/// <summary>A pg_dump archive on disk: what it is, and whether it is whole as far as that can be told without restoring it.</summary>
internal sealed partial record DumpFile(string Path, DumpFormat Format)
{
    /// <summary>Written by hand or by another program: no line says where it ends.</summary>
    public bool IsOpenEnded { get; private init; }

    private const string Ends = "-- PostgreSQL database dump complete";

    public static DumpFile Open(string path)
    {
        try
        {
            if (Directory.Exists(path))
                return File.Exists(System.IO.Path.Combine(path, "toc.dat")) ? new(path, DumpFormat.Directory) : throw NoDump(path, "the folder has no toc.dat");
            if (!File.Exists(path)) throw new GodwitException(ErrorKind.SourceFatal, "dump-missing", $"There is no file or folder {path}.", "Name what pg_dump wrote: dump:backup.dump, dump:folder or dump:backup.sql.");
            using var file = File.OpenRead(path);
            Span<byte> head = stackalloc byte[4096];
            var read = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            head = head[..read];
            if (head.StartsWith("PGDMP"u8)) return new(path, DumpFormat.Custom);
            if (head.Length > 262 && head[257..262].SequenceEqual("ustar"u8)) return IsWholeTar(file) ? new(path, DumpFormat.Tar) : throw Damaged(path, "the end of the tar file is missing");
            if (head.Length > 1 && head[0] == 0x1f && head[1] == 0x8b) throw NoDump(path, "it is compressed by gzip", $"gunzip it first, and name the result");
            if (head.Length > 3 && head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd) throw NoDump(path, "it is compressed by zstd", $"unzstd it first, and name the result");
            if (head.IndexOf("-- PostgreSQL database dump"u8) < 0) throw NoDump(path, "it does not begin as one");
            return new(path, DumpFormat.Plain);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GodwitException(ErrorKind.SourceFatal, "dump-missing", $"{path} cannot be read: {e.Message}", "Check the path and its permissions.", e);
        }
    }

    /// <summary>pg_restore waits for ever for the rest of a tar file. Its end is a block of zeros, behind the last file (POSIX 1003.1, pax).</summary>
    private static bool IsWholeTar(FileStream file)
    {
        const int Block = 512;
        Span<byte> header = stackalloc byte[Block];
        for (long at = 0; ;)
        {
            file.Position = at;
            if (file.ReadAtLeast(header, Block, throwOnEndOfStream: false) < Block) return false;
            if (!header.ContainsAnyExcept((byte)0)) return true;
            if (SizeOf(header[124..136]) is not { } size) return false;
            at += Block + (size + Block - 1) / Block * Block;
        }

        // Octal, or from 8 GiB on a number of 11 bytes behind 0x80.
        static long? SizeOf(ReadOnlySpan<byte> field)
        {
            long size = 0;
            if (field[0] == 0x80)
            {
                foreach (var b in field[4..]) size = size << 8 | b;
                return size < 0 ? null : size;
            }
            foreach (var b in field)
            {
                if (b is 0 or (byte)' ') continue;
                if (b is < (byte)'0' or > (byte)'7') return null;
                size = size << 3 | (uint)(b - '0');
            }
            return size;
        }
    }

    /// <summary>A schema: what pg_dump wrote, or any file of SQL.</summary>
    public static DumpFile OpenSchema(string path)
    {
        if (!System.IO.Path.GetExtension(path).Equals(".sql", StringComparison.OrdinalIgnoreCase) || !File.Exists(path)) return Open(path);
        using var reader = new StreamReader(path);
        var head = new char[4096];
        var read = reader.ReadBlock(head);
        return new(path, DumpFormat.Plain) { IsOpenEnded = !head.AsSpan(0, read).Contains("-- PostgreSQL database dump", StringComparison.Ordinal) };
    }

    private static GodwitException NoDump(string path, string why, string? hint = null) =>
        new(ErrorKind.SourceFatal, "dump-unknown", $"{path} is no dump that Godwit knows: {why}.", hint ?? "pg_dump writes them: -Fc (custom), -Fd (directory), -Ft (tar) or plain SQL.");

    public static GodwitException Damaged(string path, string why) =>
        new(ErrorKind.SourceFatal, "dump-damaged", $"{path} is damaged or cut off: {why}.", "Take the dump again, or copy the file again. Nothing was migrated.");

    /// <summary>
    /// Reads a plain dump to its end: its last line has to be there. Yields the roles that it names, and the lines whose commands to psql may be left undone. That
    /// psql runs no others is <see cref="DumpRestore"/>'s to see to: where a command begins, only psql knows.
    /// </summary>
    public async Task<(IReadOnlyCollection<string> Roles, IReadOnlySet<long> Commands)> CheckPlainAsync(CancellationToken ct)
    {
        var (roles, commands) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<long>());
        using var reader = new StreamReader(Path, Encoding.UTF8);
        var (inRows, ended, number) = (false, false, 0L);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            number++;
            if (inRows)
            {
                if (line == "\\.") inRows = false;
                continue;
            }
            if (Programs().IsMatch(line)) throw Unsafe(number, "reads from or writes to a program of this machine");
            if (line.StartsWith("COPY ", StringComparison.Ordinal) && line.EndsWith(" FROM stdin;", StringComparison.Ordinal)) inRows = true;
            else if (Harmless().IsMatch(line)) commands.Add(number);
            else if (line.StartsWith(Ends, StringComparison.Ordinal)) ended = true;
            else roles.UnionWith(RolesOf(line));
        }
        if (inRows) throw Damaged(Path, $"it ends inside the rows of a table, at line {number:N0}");
        if (!ended && !IsOpenEnded) throw Damaged(Path, "the line that ends a dump is missing");
        return (roles, commands);
    }

    public GodwitException Unsafe(long line, string what) =>
        new(ErrorKind.SourceFatal, "dump-unsafe", $"Line {line:N0} of {Path} {what}, which a dump has no need of.", "Where the file comes from somebody else, do not use it. Else remove the line, or dump with -Fc.");

    /// <summary>Roles that a dump's SQL names: they belong to its cluster, and are not in it.</summary>
    public static IEnumerable<string> RolesOf(string sql) =>
        RoleName().Matches(sql).SelectMany(m => m.Groups["role"].Value.Split(',')).Select(r => r.Trim()).Select(r => r.StartsWith('"') ? r.Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal) : r)
            .Where(r => r.Length > 0 && r is not ("PUBLIC" or "CURRENT_USER" or "SESSION_USER" or "CURRENT_ROLE" or LocalServer.User) && !r.StartsWith("pg_", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal);

    [GeneratedRegex(@"^\\(?:restrict|unrestrict|connect|encoding)\b")]
    private static partial Regex Harmless();

    [GeneratedRegex(@"^\s*COPY\b.*\b(?:FROM|TO)\s+PROGRAM\b", RegexOptions.IgnoreCase)]
    private static partial Regex Programs();

    [GeneratedRegex("""
        (?: ^ALTER[ ][^\n]*[ ]OWNER[ ]TO[ ] | ^GRANT[ ][^\n]*[ ]TO[ ] | ^REVOKE[ ][^\n]*[ ]FROM[ ] | ^ALTER[ ]DEFAULT[ ]PRIVILEGES[ ]FOR[ ]ROLE[ ] | ^SET[ ]SESSION[ ]AUTHORIZATION[ ] | ^CREATE[ ]POLICY[ ][^\n]*?[ ]TO[ ] | ^CREATE[ ]USER[ ]MAPPING[ ]FOR[ ] )
        (?<role> (?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*) (?:,[ ](?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*))* )
        """, RegexOptions.Multiline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex RoleName();
}
