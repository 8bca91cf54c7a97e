using System.Collections.Immutable;

namespace Godwit.Wire.Replication;

public enum ReplicaIdentity : byte { Default = (byte)'d', Nothing = (byte)'n', Full = (byte)'f', Index = (byte)'i' }

/// <summary><paramref name="IsKey"/>: part of the replica identity; every column is where that is FULL.</summary>
public sealed record RelationColumn(string Name, bool IsKey, uint Type, int Modifier);

/// <summary>A published table as it was for the changes that follow it in the stream; another object only where the table is another, or has changed. Generated columns are not in it (before 18, and then only by choice).</summary>
public sealed class Relation(uint id, string schema, string name, ReplicaIdentity identity, ImmutableArray<RelationColumn> columns)
{
    public uint Id { get; } = id;
    public string Schema { get; } = schema;
    public string Name { get; } = name;
    public ReplicaIdentity Identity { get; } = identity;
    public ImmutableArray<RelationColumn> Columns { get; } = columns;
    public override string ToString() => $"{Schema}.{Name}";

    /// <summary>Whether nothing tells the two apart.</summary>
    public bool IsLike(Relation other) => Id == other.Id && Schema == other.Schema && Name == other.Name && Identity == other.Identity && Columns.SequenceEqual(other.Columns);
}

/// <summary>A type that is not built in: its number differs from database to database, its name does not. Of a domain, the name is that of the type that it is made of.</summary>
public sealed record StreamType(uint Id, string Schema, string Name);
