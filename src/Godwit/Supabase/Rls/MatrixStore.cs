using Npgsql;

namespace Godwit.Supabase.Rls;

/// <summary>What was applied and what a test found, kept in the target: <c>godwit.rls</c>.</summary>
internal static class MatrixStore
{
    private const string Create = """
        CREATE SCHEMA IF NOT EXISTS godwit;
        CREATE TABLE IF NOT EXISTS godwit.rls (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), target_schema text NOT NULL, what text NOT NULL, document text NOT NULL);
        """;

    private const string Insert = "INSERT INTO godwit.rls (target_schema, what, document) VALUES ($1, $2, $3)";

    public static Task PrepareAsync(NpgsqlConnection connection, CancellationToken ct) => RlsApplier.ExecuteAsync(connection, Create, ct);

    public static async Task WriteAsync(NpgsqlConnection connection, string schema, string what, string document, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Insert, connection);
        foreach (var value in (string[])[schema, what, document]) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(ct);
    }
}
