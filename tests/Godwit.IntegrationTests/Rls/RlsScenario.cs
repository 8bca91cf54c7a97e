using Godwit.Supabase.Rls;
using Npgsql;
using Xunit;

namespace Godwit.IntegrationTests.Rls;

/// <summary>A database with an application's tables, and row-level security on it.</summary>
internal sealed class RlsScenario(TestDatabase database) : IAsyncDisposable
{
    /// <summary>Posts and their comments and likes, friendships, tags of nobody's, settings of nobody's; four users with rows.</summary>
    public const string Blog = """
        CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, password_hash text NOT NULL, name text, role text NOT NULL DEFAULT 'user');
        CREATE TABLE posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int NOT NULL REFERENCES users, title text NOT NULL, words int GENERATED ALWAYS AS (length(title)) STORED);
        CREATE TABLE comments (id serial PRIMARY KEY, post_id bigint NOT NULL REFERENCES posts, body text, access_token text);
        CREATE TABLE likes (comment_id int NOT NULL REFERENCES comments, at timestamptz DEFAULT now());
        CREATE TABLE friendships (user_id int NOT NULL REFERENCES users, friend_id int NOT NULL REFERENCES users, status text, PRIMARY KEY (user_id, friend_id));
        CREATE TABLE tags (id int PRIMARY KEY, word text);
        CREATE TABLE settings (key text PRIMARY KEY, value text);
        CREATE VIEW titles AS SELECT id, title FROM posts;
        INSERT INTO users (email, password_hash, name) SELECT 'u' || i || '@example.com', 'scrypt:' || i, 'U' || i FROM generate_series(1, 4) i;
        INSERT INTO posts (author_id, title) SELECT 1 + i % 3, 'post ' || i FROM generate_series(1, 9) i;
        INSERT INTO comments (post_id, body, access_token) SELECT id, 'about ' || id, 't' || id FROM posts;
        INSERT INTO likes (comment_id) SELECT id FROM comments;
        INSERT INTO friendships VALUES (1, 2, 'accepted'), (2, 3, 'pending'), (3, 4, 'pending'), (4, 1, 'pending');
        INSERT INTO tags VALUES (1, 'one'), (2, 'two');
        INSERT INTO settings VALUES ('theme', 'dark'), ('secret', 'x');
        """;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public TestDatabase Database => database;

    public static async Task<RlsScenario> CreateAsync(PostgresFixture postgres, string sql = Blog)
    {
        var scenario = new RlsScenario(await postgres.CreateDatabaseAsync());
        await scenario.Database.ExecuteAsync(sql);
        return scenario;
    }

    public async Task<RlsPlan> PlanAsync(RlsOptions? options = null)
    {
        await using var target = await database.OpenTargetAsync(2);
        await using var connection = await target.ConnectAsync(Token);
        options ??= new RlsOptions { AuthShim = true, Shared = ["tags"] };
        return new RlsPlanner(await RlsInspector.ReadAsync(connection, options.Schema, Token), options).Plan();
    }

    public async Task<RlsPlan> ApplyAsync(RlsOptions? options = null)
    {
        var plan = await PlanAsync(options);
        await using var target = await database.OpenTargetAsync(2);
        await using var connection = await target.ConnectAsync(Token);
        await RlsApplier.ApplyAsync(connection, plan, Token);
        return plan;
    }

    public async Task<RlsMatrix> TestAsync(RlsOptions? options = null)
    {
        var plan = await PlanAsync(options);
        await using var target = await database.OpenTargetAsync(2);
        await using var connection = await target.ConnectAsync(Token);
        return await new RlsTester(connection, plan).RunAsync(Token);
    }

    /// <summary>Answers that are not as planned, in words.</summary>
    public static IEnumerable<string> Wrong(RlsMatrix matrix) => matrix.Cells.Where(c => c.IsDifferent).Select(c => $"{c.Table} {c.Action} {c.Role}: {c.Found}, planned {c.Promised}");

    public static IEnumerable<string> Open(RlsMatrix matrix) => matrix.Cells.Where(c => c.Found is null).Select(c => $"{c.Table} {c.Action} {c.Role}: {c.Why}");

    /// <summary>As a signed-in user of the application, whose account is made for the question. The first value, as text.</summary>
    public async Task<string?> AskAsync(int user, string sql)
    {
        await using var connection = await database.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var session = new NpgsqlCommand($$"""
            UPDATE users SET auth_id = coalesce(auth_id, gen_random_uuid()) WHERE id = {{user}};
            SELECT set_config('request.jwt.claims', json_build_object('sub', auth_id, 'role', 'authenticated')::text, true) FROM users WHERE id = {{user}};
            SET LOCAL ROLE authenticated;
            """, connection);
        await session.ExecuteNonQueryAsync(Token);
        await using var question = new NpgsqlCommand(sql, connection);
        return $"{await question.ExecuteScalarAsync(Token)}";
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
