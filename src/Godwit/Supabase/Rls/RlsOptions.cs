using System.Collections.Immutable;

namespace Godwit.Supabase.Rls;

/// <summary>What the user decides about row-level security; the rest follows from the schema.</summary>
public sealed record RlsOptions
{
    public string Schema { get; init; } = "public";
    /// <summary>The table of the application's users; null: found by its name, columns and foreign keys.</summary>
    public string? UsersTable { get; init; }
    /// <summary>Table and the columns that hold its owner's key, where foreign keys do not say it or say too much.</summary>
    public ImmutableArray<OwnerRule> Owners { get; init; } = [];
    /// <summary>Tables without an owner that every signed-in user may read.</summary>
    public ImmutableArray<string> Shared { get; init; } = [];
    /// <summary>Make Supabase's roles and auth.uid() where they are missing.</summary>
    public bool AuthShim { get; init; }
    /// <summary>Hold the tables' owner to the policies too.</summary>
    public bool Force { get; init; }
}

public sealed record OwnerRule(string Table, ImmutableArray<string> Columns);
