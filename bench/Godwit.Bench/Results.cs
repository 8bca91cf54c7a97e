using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Godwit.Bench.Data;

namespace Godwit.Bench;

/// <summary>What was measured, as bench/RESULTS.md.</summary>
internal sealed record Results(IReadOnlyList<ContestResult> Contests, IReadOnlyList<TimeSpan> VersionRuns, string GodwitVersion, string ServerVersion, string Pgloader, DateTimeOffset When)
{
    private static readonly (Dataset Set, double Limit)[] Wanted = [(Dataset.Tracker, 1.15), (Dataset.Narrow, 1.25), (Dataset.Blobs, 1.00)];
    private const double WantedVerified = 1.6;
    private const long WantedPeakBytes = 200_000_000;
    private const double WantedVersionSeconds = 0.10;

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("# Measured").AppendLine()
            .AppendLine("Written by `dotnet run -c Release --project bench/Godwit.Bench -- run`; see [README.md](README.md) for what is compared.").AppendLine();
        foreach (var line in Machine()) text.AppendLine(line);
        text.AppendLine().AppendLine("## Medians and ratios").AppendLine()
            .AppendLine("A ratio is the median of the rounds' own ratios; in brackets the lowest and the highest.").AppendLine()
            .AppendLine("| set | floor | godwit | godwit, verified | godwit / floor | wanted | verified / godwit | wanted | peak resident | of it private | pgloader | pgloader / floor |")
            .AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var contest in Contests) text.AppendLine(Row(contest));
        text.AppendLine().AppendLine("Processor time, client and server together, which other work on the machine disturbs less than the clock:").AppendLine()
            .AppendLine("| set | floor | godwit | of it godwit itself | godwit, verified | of it godwit itself | godwit / floor | verified / godwit |").AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var contest in Contests) text.AppendLine(ProcessorRow(contest));
        text.AppendLine().AppendLine($"Wanted of the peak: at most {WantedPeakBytes / 1_000_000} MB.").AppendLine();
        if (VersionRuns.Count > 0)
            text.AppendLine($"`godwit --version` from the release form: {Median(VersionRuns.Select(v => v.TotalSeconds)):0.000} s (median of {VersionRuns.Count}; wanted {WantedVersionSeconds:0.00} s).").AppendLine();
        text.AppendLine("## The sets").AppendLine().AppendLine("| set | SQLite file | binary COPY files | rows |").AppendLine("| --- | ---: | ---: | --- |");
        foreach (var c in Contests)
            text.AppendLine($"| {Name(c.Set)} | {c.SourceBytes / 1_000_000} MB | {c.CopyBytes / 1_000_000} MB | {string.Join(", ", c.Rows.Select(r => $"{r.Key} {r.Value.ToString("N0", CultureInfo.InvariantCulture)}"))} |");
        text.AppendLine().AppendLine("## Every lap").AppendLine().AppendLine("| set | round | floor | godwit | godwit, verified | pgloader |").AppendLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var c in Contests)
            foreach (var round in c.Laps.GroupBy(l => l.Round))
                text.AppendLine($"| {Name(c.Set)} | {round.Key} | {string.Join(" | ", Enum.GetValues<Contender>().Select(k => round.FirstOrDefault(l => l.Contender == k) is { } lap ? $"{lap.Elapsed.TotalSeconds:0.00} s" : "-"))} |");
        return text.ToString();
    }

    private IEnumerable<string> Machine()
    {
        var cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30);
        yield return $"- {When:yyyy-MM-dd}; {Environment.ProcessorCount} cores ({cpu}), {memory} GB of memory, {RuntimeInformation.OSDescription}";
        yield return $"- {GodwitVersion}; .NET {Environment.Version}; PostgreSQL {ServerVersion}; pgloader: {Pgloader}";
        yield return $"- server, the same for all: {string.Join(", ", PrivateServer.Settings.Select(s => $"{s.Name} = {s.Value}"))}, else as shipped (fsync and synchronous_commit on); TCP on 127.0.0.1; an empty database and a CHECKPOINT before each lap";
        yield return $"- floor: {Floor.Sessions} sessions of psql; `{Floor.IndexSettings}` for indexes and foreign keys, as Godwit's own sessions have; no ANALYZE (Godwit's time includes it)";
        yield return $"- godwit: `migrate --jobs {Floor.Sessions}`, end to end: start of the program, sample of the source, plan, load, indexes, constraints, ANALYZE, publish";
    }

    private static string Row(ContestResult contest)
    {
        var limit = Wanted.First(w => w.Set == contest.Set).Limit;
        var own = contest.Laps.Where(l => l.Contender is Contender.Godwit or Contender.GodwitVerified).ToList();
        var pgloader = contest.Laps.Any(l => l.Contender == Contender.Pgloader);
        return $"| {Name(contest.Set)} | {Seconds(contest, Contender.Floor)} | {Seconds(contest, Contender.Godwit)} | {Seconds(contest, Contender.GodwitVerified)} "
            + $"| {Ratio(contest, Contender.Godwit, Contender.Floor)} | ≤ {limit:0.00} | {Ratio(contest, Contender.GodwitVerified, Contender.Godwit)} | ≤ {WantedVerified:0.0} "
            + $"| {own.Max(l => l.PeakBytes) / 1_000_000} MB | {own.Max(l => l.PeakPrivateBytes) / 1_000_000} MB "
            + $"| {(pgloader ? Seconds(contest, Contender.Pgloader) : "-")} | {(pgloader ? Ratio(contest, Contender.Pgloader, Contender.Floor) : "-")} |";
    }

    private static string ProcessorRow(ContestResult contest)
    {
        double Of(Contender contender, Func<Lap, TimeSpan> what) => Median(contest.Laps.Where(l => l.Contender == contender).Select(l => what(l).TotalSeconds));
        double All(Contender contender) => Of(contender, l => l.Client + l.Server);
        return $"| {Name(contest.Set)} | {All(Contender.Floor):0.00} s | {All(Contender.Godwit):0.00} s | {Of(Contender.Godwit, l => l.Client):0.00} s | {All(Contender.GodwitVerified):0.00} s "
            + $"| {Of(Contender.GodwitVerified, l => l.Client):0.00} s | {All(Contender.Godwit) / All(Contender.Floor):0.00} | {All(Contender.GodwitVerified) / All(Contender.Godwit):0.00} |";
    }

    private static string Seconds(ContestResult contest, Contender contender) =>
        $"{Median(contest.Laps.Where(l => l.Contender == contender).Select(l => l.Elapsed.TotalSeconds)):0.00} s";

    private static string Ratio(ContestResult contest, Contender of, Contender to)
    {
        var ratios = contest.Laps.GroupBy(l => l.Round)
            .Select(round => (Of: round.FirstOrDefault(l => l.Contender == of), To: round.FirstOrDefault(l => l.Contender == to)))
            .Where(r => r.Of is not null && r.To is not null).Select(r => r.Of!.Elapsed / r.To!.Elapsed).ToList();
        return $"**{Median(ratios):0.00}** ({ratios.Min():0.00}-{ratios.Max():0.00})";
    }

    private static string Name(Dataset set) => $"{set}".ToLowerInvariant();

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }
}
