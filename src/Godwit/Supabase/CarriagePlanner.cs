using System.Collections.Immutable;
using System.Globalization;
using Godwit.Plan;

namespace Godwit.Supabase;

/// <summary>What is carried at run time: each thing is named in the plan, and its content is not. Pure.</summary>
internal static class CarriagePlanner
{
    public static (Carriage, IEnumerable<Finding>) Plan(SupabaseFacts source, SupabaseFacts target, RolePlanner.Result roles, ImmutableArray<ServerSetting> secrets, SupabaseChoices choices)
    {
        var findings = new List<Finding>();
        var carriage = new Carriage
        {
            PasswordRoles = choices.RolePasswords && source.Server.CanReadHashes
                ? [.. roles.Made.Where(r => source.FindRole(r) is { Login: true } && !(source.IsSupabase && PlatformNames.IsServiceRole(r)))] : [],
            Settings = [.. secrets.Select(s => new CarriedSetting(s.Role, s.Role.Length == 0 ? "" : roles.Map.Find(s.Role)!, s.ThisDatabase, s.Name))],
            SecretsFolder = choices.SecretsFolder,
            StorageFiles = source.Buckets.Sum(b => b.Objects) > 0 ? choices.StorageFiles : null,
            StorageFolder = choices.StorageFolder,
        };
        if (carriage.PasswordRoles.Length > 0)
            findings.Add(new("role-passwords-move", Severity.Info, "roles", $"Password hashes of {string.Join(", ", carriage.PasswordRoles)} go from server to server, and stand in no plan, log or report.", "--role-passwords none leaves them."));
        carriage = Vault(source, target, choices, carriage, findings);
        return (Cron(source, target, roles.Map, choices, carriage, findings), findings);
    }

    private static Carriage Vault(SupabaseFacts source, SupabaseFacts target, SupabaseChoices choices, Carriage carriage, List<Finding> findings)
    {
        if (source.VaultSecrets is not { Length: > 0 } secrets) return carriage;
        var names = SupabaseProfile.List([.. secrets.Select(s => s.Name.Length > 0 ? s.Name : s.Id)]);
        if (choices.VaultSecrets == VaultSecrets.Omit)
        {
            findings.Add(new("vault-left", Severity.Warning, "vault", $"{secrets.Length} secrets stay behind by --vault omit: {names}."));
            return carriage;
        }
        if (!source.VaultReadable)
        {
            findings.Add(new("vault-unreadable", Severity.Warning, "vault", $"{secrets.Length} secrets are encrypted by a key that stays behind, and {source.Server.Role} may not read them decrypted: {names}.",
                $"Connect to the source as postgres, or let it: GRANT SELECT ON vault.decrypted_secrets TO {Schema.SqlName.Quote(source.Server.Role)};"));
            return carriage;
        }
        var intoVault = choices.VaultSecrets == VaultSecrets.Auto && target.VaultSecrets is not null;
        findings.Add(intoVault
            ? new("vault-encrypted-again", Severity.Info, "vault", $"{secrets.Length} secrets go decrypted from server to server and are encrypted by the target's vault: {names}.", "--vault file writes them to a file.")
            : new("vault-to-file", Severity.Warning, "vault", $"{secrets.Length} secrets are written decrypted to {choices.SecretsFolder}/vault-secrets.json, which only you can read (0600): {names}." + (target.VaultSecrets is null ? " The target has no vault." : ""), "Put them where your application looks for secrets, then delete the file. --vault omit leaves them."));
        return carriage with { Secrets = true, SecretsIntoVault = intoVault };
    }

    private static Carriage Cron(SupabaseFacts source, SupabaseFacts target, RoleMap roles, SupabaseChoices choices, Carriage carriage, List<Finding> findings)
    {
        var jobs = source.CronJobs?.Where(j => j.Database == source.Server.Database).ToImmutableArray() ?? [];
        if (jobs.IsEmpty) return carriage;
        var names = SupabaseProfile.List([.. jobs.Select(j => $"{(j.Name.Length > 0 ? j.Name : j.Id.ToString(CultureInfo.InvariantCulture))} ({j.Schedule})")]);
        if (choices.CronJobs == CronJobs.Omit)
        {
            findings.Add(new("cron-left", Severity.Warning, "cron jobs", $"{jobs.Length} jobs stay behind by --cron omit: {names}."));
            return carriage;
        }
        // The library is loaded for this database, and only the extension is missing.
        var install = target.CronJobs is null && target.Server.IsSuperuser && target.Server.CronDatabase == target.Server.Database && target.FindExtension("pg_cron") is { Installed: false };
        var into = choices.CronJobs != CronJobs.File && (target.CronJobs is not null || install);
        findings.Add(into
            ? new("cron-carried", Severity.Info, "cron jobs", $"{jobs.Length} jobs are made on the target{(choices.CronJobs == CronJobs.Active ? " and run at once" : ", switched off until the application moves")}: {names}.", choices.CronJobs == CronJobs.Active ? "--cron inactive makes them switched off." : "After the switch: SELECT cron.alter_job(jobid, active := true) FROM cron.job; --cron active makes them run at once.")
            : new("cron-to-file", Severity.Warning, "cron jobs", $"{(target.CronJobs is null ? "The target has no pg_cron that this role can use: its " : "")}{jobs.Length} jobs are written to {choices.SecretsFolder}/cron-jobs.sql, which only you can read (0600), as their commands may hold keys: {names}.",
                target.CronJobs is null ? ExtensionPackages.Hint("pg_cron", target.Server.Major) + ", then run that file; or let another scheduler run the commands" : "Run that file when the application moves."));
        foreach (var job in jobs.Where(j => j.Uses.Length > 0))
            findings.Add(new("cron-needs-platform", Severity.Warning, job.Subject, $"Its command calls {string.Join(", ", job.Uses)}, which stay behind.", "Change the command."));
        foreach (var user in jobs.Select(j => j.User).Distinct().Where(u => roles.Find(u) is null))
            findings.Add(new("cron-user-missing", Severity.Warning, "cron jobs", $"Jobs of {user} will belong to {roles.Admin}: the target has no such role."));
        return carriage with
        {
            Jobs = [.. jobs.Select(j => new CarriedJob(j.Id, j.Name.Length > 0 ? j.Name : string.Create(CultureInfo.InvariantCulture, $"job-{j.Id}"), roles.Find(j.User) ?? roles.Admin))],
            JobsIntoCron = into,
            JobsActive = choices.CronJobs == CronJobs.Active,
            InstallCron = into && install,
        };
    }
}
