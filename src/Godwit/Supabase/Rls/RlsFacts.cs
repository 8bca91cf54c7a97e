using System.Collections.Immutable;
using Godwit.Schema;

namespace Godwit.Supabase.Rls;

/// <summary>What of a schema matters to row-level security, read from the catalogs.</summary>
public sealed record RlsFacts
{
    public required string Schema { get; init; }
    public required ImmutableArray<RlsRelation> Relations { get; init; }
    /// <summary>Which of anon, authenticated, service_role exist.</summary>
    public required ImmutableArray<string> Roles { get; init; }
    public required bool HasAuthUid { get; init; }
    public required string CurrentUser { get; init; }
    /// <summary>SECURITY DEFINER functions of the schema: the API can call them, and they pass by the policies.</summary>
    public required ImmutableArray<string> DefinerFunctions { get; init; }
    public required int VersionNumber { get; init; }

    public IEnumerable<RlsRelation> Tables => Relations.Where(r => r.IsTable);

    public RlsRelation? Find(string name) => Relations.FirstOrDefault(r => r.Name.Name == name);
}

public sealed record RlsRelation
{
    public required SqlName Name { get; init; }
    /// <summary>As in pg_class.relkind: r, p, v, m, f.</summary>
    public required char Kind { get; init; }
    public required string Owner { get; init; }
    /// <summary>A superuser, or BYPASSRLS: policies never hold it.</summary>
    public bool OwnerBypasses { get; init; }
    public bool Enabled { get; init; }
    public bool Forced { get; init; }
    public bool IsPartition { get; init; }
    public long Rows { get; init; }
    public ImmutableArray<string> Policies { get; init; } = [];
    /// <summary>Columns that a complete, valid index begins with.</summary>
    public ImmutableArray<string> IndexedFirst { get; init; } = [];
    /// <summary>Sequences of serial columns. Identity columns need no grant.</summary>
    public ImmutableArray<string> Sequences { get; init; } = [];
    public bool SecurityInvoker { get; init; }
    public ImmutableArray<RlsColumn> Columns { get; init; } = [];
    public ImmutableArray<string> PrimaryKey { get; init; } = [];
    public ImmutableArray<ImmutableArray<string>> UniqueKeys { get; init; } = [];
    public ImmutableArray<RlsForeignKey> ForeignKeys { get; init; } = [];

    public bool IsTable => Kind is 'r' or 'p';

    public RlsColumn? Column(string name) => Columns.FirstOrDefault(c => c.Name == name);
}

/// <summary><paramref name="Unwritable"/>: generated, or an identity that is always generated.</summary>
public sealed record RlsColumn(string Name, string Type, bool NotNull, bool Unwritable, bool Generated, bool IsText);

public sealed record RlsForeignKey(ImmutableArray<string> Columns, string Parent, ImmutableArray<string> ParentColumns);
