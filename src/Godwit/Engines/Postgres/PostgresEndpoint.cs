using Npgsql;

namespace Godwit.Engines.Postgres;

/// <summary>Where the source is and how its schema is dumped. <paramref name="Dump"/> runs pg_dump's custom format, schema only, under an exported snapshot, by a program that fits the server's version number.</summary>
internal sealed record PostgresEndpoint(NpgsqlConnectionStringBuilder Settings, string Display, Func<int, string, CancellationToken, Task<byte[]>> Dump);
