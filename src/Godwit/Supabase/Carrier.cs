using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Npgsql;

namespace Godwit.Supabase;

/// <summary>
/// Executes a <see cref="Carriage"/>: reads each secret at the source and writes it to the target or to a protected file. Everything can be repeated. No secret
/// reaches a log, a message or a finding.
/// </summary>
public sealed class Carrier(NpgsqlConnection source, NpgsqlConnection target, Carriage carriage)
{
    public const string VaultFile = "vault-secrets.json";
    public const string CronFile = "cron-jobs.sql";

    private readonly List<Finding> _findings = [];

    /// <exception cref="NpgsqlException">Either server refused or went away.</exception>
    public async Task<ImmutableArray<Finding>> RunAsync(CancellationToken ct)
    {
        foreach (var role in carriage.PasswordRoles) await PasswordAsync(role, ct);
        foreach (var setting in carriage.Settings) await SettingAsync(setting, ct);
        if (carriage.Secrets) await SecretsAsync(ct);
        if (!carriage.Jobs.IsEmpty) await JobsAsync(ct);
        return [.. _findings];
    }

    private async Task PasswordAsync(string role, CancellationToken ct)
    {
        var hash = await OneAsync(source, "select rolpassword from pg_catalog.pg_authid where rolname = $1", ct, role);
        if (hash is null) _findings.Add(new("role-without-password", Severity.Info, "role " + role, "It has no password on the source, and none on the target."));
        else await SilentlyAsync($"ALTER ROLE {SqlName.Quote(role)} PASSWORD {SqlText.Literal(hash)}", ct);
    }

    private async Task SettingAsync(CarriedSetting setting, CancellationToken ct)
    {
        var value = await OneAsync(source, """
            select substr(c, strpos(c, '=') + 1) from pg_catalog.pg_db_role_setting s cross join unnest(s.setconfig) c left join pg_catalog.pg_roles r on r.oid = s.setrole
            where coalesce(r.rolname, '') = $1 and split_part(c, '=', 1) = $2
              and s.setdatabase = case when $3 = 'database' then (select oid from pg_catalog.pg_database where datname = current_database()) else 0 end
            """, ct, setting.SourceRole, setting.Name, setting.ThisDatabase ? "database" : "all");
        if (value is null) return;
        var database = SqlName.Quote((await OneAsync(target, "select current_database()::text", ct))!);
        var assignment = SettingText.Assignment(setting.Name, value);
        await SilentlyAsync(setting.TargetRole.Length == 0 ? $"ALTER DATABASE {database} SET {assignment}"
            : setting.ThisDatabase ? $"ALTER ROLE {SqlName.Quote(setting.TargetRole)} IN DATABASE {database} SET {assignment}" : $"ALTER ROLE {SqlName.Quote(setting.TargetRole)} SET {assignment}", ct);
    }

    private async Task SecretsAsync(CancellationToken ct)
    {
        var secrets = await TextRows.ReadAsync(source, "select id::text, coalesce(name, ''), coalesce(description, ''), decrypted_secret from vault.decrypted_secrets order by created_at, id", ct);
        if (!carriage.SecretsIntoVault)
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer, new() { Indented = true }))
            {
                json.WriteStartArray();
                foreach (var secret in secrets)
                {
                    json.WriteStartObject();
                    json.WriteString("name", secret[1]);
                    json.WriteString("description", secret[2]);
                    json.WriteString("secret", secret[3]);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            await ProtectedFile.WriteAsync(carriage.SecretsFolder, VaultFile, buffer.WrittenMemory, ct);
            return;
        }
        foreach (var secret in secrets)
        {
            var name = secret[1]!.Length > 0 ? secret[1]! : secret[0]!;
            var there = await OneAsync(target, "select decrypted_secret from vault.decrypted_secrets where name = $1", ct, name);
            if (there is null) await OneAsync(target, "select vault.create_secret($1, $2, $3)::text", ct, secret[3] ?? "", name, secret[2]!);
            else if (there != secret[3]) _findings.Add(new("vault-name-taken", Severity.Warning, "vault", $"The target's vault has another secret named {name}: it stays, and the source's does not move."));
        }
    }

    private async Task JobsAsync(CancellationToken ct)
    {
        var rows = await TextRows.ReadAsync(source, "select jobid::text, schedule, command, active::text from cron.job where jobid = any ($1)", ct, carriage.Jobs.Select(j => j.Id).ToArray());
        var jobs = carriage.Jobs.Join(rows, j => j.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), r => r[0], (j, r) => (Job: j, Schedule: r[1]!, Command: r[2]!, Active: r[3] == "true")).ToList();
        if (!carriage.JobsIntoCron)
        {
            var text = new StringBuilder("-- pg_cron jobs of the source. They run as the role that runs this file.\n");
            foreach (var (job, schedule, command, active) in jobs)
                text.Append(active ? "" : "-- switched off on the source:\n-- ").Append(Single(active, $"SELECT cron.schedule({SqlText.Literal(job.Name)}, {SqlText.Literal(schedule)}, {SqlText.Literal(command)});")).Append('\n');
            await ProtectedFile.WriteAsync(carriage.SecretsFolder, CronFile, Encoding.UTF8.GetBytes(text.ToString()), ct);
            return;
        }
        if (carriage.InstallCron) await ExecuteAsync(target, "create extension if not exists pg_cron", ct);
        var whole = await OneAsync(target, "select to_regprocedure('cron.schedule_in_database(text,text,text,text,text,boolean)')::text", ct) is not null;
        foreach (var (job, schedule, command, active) in jobs)
        {
            var on = active && carriage.JobsActive;
            // The same name and role is the same job: its schedule and command are set again.
            if (whole) await OneAsync(target, "select cron.schedule_in_database($1, $2, $3, current_database()::text, $4, $5::boolean)::text", ct, job.Name, schedule, command, job.User, on ? "true" : "false");
            else
            {
                var id = await OneAsync(target, "select cron.schedule($1, $2, $3)::text", ct, job.Name, schedule, command);
                await OneAsync(target, "with done as (update cron.job set active = $2::boolean, username = $3 where jobid = $1::bigint returning 1) select count(*)::text from done", ct, id!, on ? "true" : "false", job.User);
            }
        }
    }

    // A command may go over several lines.
    private static string Single(bool active, string statement) => active ? statement : statement.Replace("\n", "\n-- ", StringComparison.Ordinal);

    /// <summary>Keeps the statement out of the target's log where that is allowed.</summary>
    private async Task SilentlyAsync(string sql, CancellationToken ct)
    {
        await using var transaction = await target.BeginTransactionAsync(ct);
        await ExecuteAsync(target, """
            do $$ begin
              if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
                perform set_config('log_statement', 'none', true), set_config('log_min_duration_statement', '-1', true), set_config('log_min_error_statement', 'panic', true);
              end if;
            end $$
            """, ct);
        await ExecuteAsync(target, sql, ct);
        await transaction.CommitAsync(ct);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<string?> OneAsync(NpgsqlConnection connection, string sql, CancellationToken ct, params string[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in parameters) command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        return await command.ExecuteScalarAsync(ct) is string text ? text : null;
    }
}
