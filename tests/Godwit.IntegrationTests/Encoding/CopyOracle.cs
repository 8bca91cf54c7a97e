using System.Buffers;
using System.Globalization;
using System.Text;
using Godwit.TypeMapping;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Encodings;

/// <summary>A value (null, long, double, string or byte[]) and the text that the server must print for it.</summary>
public sealed record Case(object? Value, string? Expected);

/// <summary>Loads values through the row encoder and COPY BINARY into PostgreSQL, and reads them back as the server's own text.</summary>
internal static class CopyOracle
{
    public const int Random = 10_000;
    public const int Seed = 20_200_229;

    public static async Task RoundTripsAsync(PostgresFixture postgres, string pgType, ColumnEncoding encoding, List<Case> cases, Func<string, string>? normalise = null)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await postgres.CreateDatabaseAsync();
        await using var connection = await database.ConnectAsync();
        await ExecuteAsync(connection, "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET bytea_output = 'hex'; SET extra_float_digits = 1", ct);
        await ExecuteAsync(connection, $"CREATE TEMP TABLE t (i bigint, v {pgType})", ct);
        foreach (var proven in (bool[])[false, true])
        {
            await ExecuteAsync(connection, "TRUNCATE t", ct);
            await CopyAsync(connection, encoding with { Proven = proven }, cases, ct);
            await CompareAsync(connection, cases, normalise ?? (s => s), ct);
        }
    }

    private static async Task CompareAsync(NpgsqlConnection connection, List<Case> cases, Func<string, string> normalise, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("SELECT v::text FROM t ORDER BY i", connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var row = 0;
        for (; await reader.ReadAsync(ct); row++)
        {
            var actual = await reader.IsDBNullAsync(0, ct) ? null : normalise(reader.GetString(0));
            if (actual != cases[row].Expected) Assert.Fail($"row {row}: {Show(cases[row].Value)}: expected {cases[row].Expected ?? "NULL"}, the server says {actual ?? "NULL"}");
        }
        Assert.Equal(cases.Count, row);
    }

    private static async Task CopyAsync(NpgsqlConnection connection, ColumnEncoding encoding, List<Case> cases, CancellationToken ct)
    {
        await using var copy = await connection.BeginRawBinaryCopyAsync("COPY t FROM STDIN (FORMAT binary)", ct);
        await copy.WriteAsync((byte[])[.. "PGCOPY\n"u8, 0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0], ct);
        using var encoder = new RowEncoder([new ColumnEncoding(CellEncoding.Int8), encoding], 64);
        for (var i = 0; i < cases.Count; i++)
        {
            encoder.BeginRow(i);
            encoder.Cell(0, SourceCell.OfInteger(i));
            encoder.Cell(1, CellOf(cases[i].Value));
            encoder.EndRow();
            if (encoder.Length >= 100_000) await WriteAsync(copy, encoder, ct);
        }
        if (encoder.TakeMisfits() is { } misfits) Assert.Fail($"{misfits[0].Reason}: {Show(cases[(int)misfits[0].Position].Value)}");
        await WriteAsync(copy, encoder, ct);
        await copy.WriteAsync((byte[])[0xff, 0xff], ct);
    }

    private static async Task WriteAsync(NpgsqlRawCopyStream copy, RowEncoder encoder, CancellationToken ct)
    {
        var tuples = encoder.Detach(out var length, out _);
        await copy.WriteAsync(tuples.AsMemory(0, length), ct);
        ArrayPool<byte>.Shared.Return(tuples);
    }

    private static SourceCell CellOf(object? value) => value switch
    {
        null => SourceCell.Null,
        long l => SourceCell.OfInteger(l),
        double d => SourceCell.OfReal(d),
        string s => SourceCell.OfText(Encoding.UTF8.GetBytes(s)),
        byte[] b => SourceCell.OfBlob(b),
        _ => throw new ArgumentException(value.GetType().Name),
    };

    private static string Show(object? value) => value switch { double d => d.ToString("R", CultureInfo.InvariantCulture), byte[] b => Convert.ToHexString(b), _ => $"{value}" };

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
