using System.Collections.Immutable;
using Godwit.Plan;
using Godwit.Schema;
using Godwit.Source;
using Godwit.Supabase;
using Godwit.Target;
using Npgsql;

namespace Godwit;

/// <summary>
/// What stands around the tables of a PostgreSQL source (roles, settings, jobs, secrets, a platform's own schemas), brought into the plan and carried at its end.
/// </summary>
internal sealed class Surroundings
{
    private readonly ProfilePlan _profile;

    private Surroundings(ProfilePlan profile) => _profile = profile;

    /// <summary>Null for a source of another kind. Without a target, one that may do everything and has every extension is assumed.</summary>
    public static async Task<Surroundings?> ReadAsync(ISource source, ITarget? target, DatabaseSchema schema, MigrationOptions options, CancellationToken ct)
    {
        if (schema.Postgres is not { } postgres || source is not IPostgresSource server) return null;
        SupabaseFacts facts;
        try
        {
            await using var connection = await server.ConnectAsync(ct);
            facts = await FactsReader.ReadAsync(connection, ct);
        }
        catch (NpgsqlException e)
        {
            if (e is not PostgresException { IsTransient: false }) throw server.Explain(e, "Reading roles and settings of " + source.Info.Display);
            throw new GodwitException(ErrorKind.SourceFatal, "source-facts-unread", $"Roles and settings of {source.Info.Display} cannot be read: {e.Message}", "Connect as the database's owner.", e);
        }
        // Rows that are left out anyway may stay hidden.
        facts = facts with { HiddenTables = [.. facts.HiddenTables.Where(t => schema.FindTable(new SqlName(t.Schema, t.Name).ToString()) is { Storage.Kind: 'r' })] };
        return new(SupabaseProfile.Plan(facts, target is null ? SupabaseProfile.AnyTarget(facts) : await FactsOfAsync(target, ct), postgres.Statements, options.Platform));
    }

    public static async Task<SupabaseFacts> FactsOfAsync(ITarget target, CancellationToken ct)
    {
        try
        {
            await using var connection = await target.ConnectAsync(ct);
            return await FactsReader.ReadAsync(connection, ct);
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "Looking at " + target.Display);
        }
    }

    /// <summary>The schema with the statements and tables that move, in the target's roles.</summary>
    public DatabaseSchema Rewrite(DatabaseSchema schema)
    {
        var definitions = _profile.DefinitionPath.IsEmpty ? null : SearchPaths.List(_profile.DefinitionPath);
        return schema with
        {
            Tables = [.. schema.Tables.Where(t => t.Relation?.Schema is not { } s || _profile.KeepsRowsOf(s))],
            Postgres = schema.Postgres! with
            {
                SearchPath = SearchPaths.List(_profile.DataPath),
                Statements = [.. _profile.Statements.Select(s => definitions is null || s.SearchPath is not null || LooksAtRows(s) ? s : s with { SearchPath = definitions })],
                Sequences = [.. schema.Postgres!.Sequences.Where(s => _profile.KeepsRowsOf(s.Name.Schema ?? ""))],
                MaterializedViews = [.. schema.Postgres!.MaterializedViews.Where(v => _profile.KeepsRowsOf(v.Name.Schema ?? ""))],
            },
        };
    }

    // These have the path of rows, which holds the other.
    private static bool LooksAtRows(SchemaStatement s) => s.LooksInside || s.Kind is "INDEX" or "CONSTRAINT" or "CHECK CONSTRAINT" or "FK CONSTRAINT" or "ACL" or "DEFAULT ACL" or "SCHEMA" or "EXTENSION" or "COMMENT";

    /// <summary>The inventory as the plan's statements will find it: with the roles that its first steps make.</summary>
    public TargetInventory? WithRoles(TargetInventory? inventory) => inventory is null ? null : inventory with
    {
        Roles = [.. inventory.Roles, .. _profile.MadeRoles],
        OwnRoles = [.. inventory.OwnRoles, .. _profile.MadeRoles],
    };

    public MigrationPlan Complete(MigrationPlan plan, MigrationOptions options) => plan with
    {
        PreData = options.DataOnly ? plan.PreData : [.. _profile.Before, .. plan.PreData],
        PostData = options.DataOnly ? plan.PostData : [.. plan.PostData, .. _profile.After],
        Findings = [.. _profile.Findings, .. plan.Findings],
        Departures = options.DataOnly ? null : _profile.Departures,
        Carriage = options.DataOnly || options.SchemaOnly || _profile.Carriage.IsEmpty ? null : _profile.Carriage,
    };

    /// <summary>Secrets, jobs and files. Everything in it can be repeated.</summary>
    public static async Task<ImmutableArray<Finding>> CarryAsync(ISource source, ITarget target, MigrationPlan plan, MigrationOptions options, CancellationToken ct)
    {
        if (plan.Carriage is not { } carriage || source is not IPostgresSource server) return [];
        try
        {
            await using var from = await server.ConnectAsync(ct);
            await using var to = await target.ConnectAsync(ct);
            var findings = await new Carrier(from, to, carriage).RunAsync(ct);
            return carriage.StorageFiles is null ? findings : [.. findings, .. (await CarryFilesAsync(from, carriage, options, ct)).Findings];
        }
        catch (NpgsqlException e)
        {
            throw TargetErrors.Map(e, "Carrying passwords, secrets and jobs");
        }
    }

    /// <summary>The files that the database of <paramref name="from"/> knows by now; those that are there already stay.</summary>
    internal static async Task<StorageResult> CarryFilesAsync(NpgsqlConnection from, Carriage carriage, MigrationOptions options, CancellationToken ct)
    {
        // A redirect is not followed: the key would go along, wherever it leads.
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromMinutes(30) };
        return await new StorageFiles(http, options.StorageKey).CopyAsync(carriage.StorageFiles!, carriage.StorageFolder, await StorageFiles.ListAsync(from, ct), options.Jobs, ct);
    }
}
