using Godwit.Schema;
using Godwit.Target;

namespace Godwit.Supabase.Rls;

/// <summary>From an account's uuid to the application's own key: the integer key stays.</summary>
internal sealed class MappingSteps(RlsFacts facts, RlsOptions options, RlsRelation users, string key)
{
    public IEnumerable<RlsStep> Steps()
    {
        if (options.AuthShim && (facts.Roles.Length < 3 || !facts.HasAuthUid))
            yield return new("auth", EmbeddedSql.Read("Supabase/Rls/Sql/auth-shim.sql").Trim(), "This server has no roles and functions of Supabase's: what is missing is made.");
        yield return new("role authenticated", $"GRANT USAGE ON SCHEMA {SqlName.Quote(facts.Schema)} TO authenticated, service_role", "Roles of the API need the schema before its tables.");
        var column = users.Column(OwnerSql.AuthId);
        if (column is null)
            yield return new($"{users.Name}.{OwnerSql.AuthId}", $"ALTER TABLE {users.Name} ADD COLUMN {OwnerSql.AuthId} uuid CONSTRAINT {SqlName.Quote(ConstraintName())} UNIQUE",
                "auth.uid() is a uuid and cannot be compared with the application's key: each user gets the id of his account beside it.", $"ALTER TABLE {users.Name} DROP COLUMN {OwnerSql.AuthId}");
        else if (!users.UniqueKeys.Any(k => k is [OwnerSql.AuthId]) && users.PrimaryKey is not [OwnerSql.AuthId])
            yield return new($"{users.Name}.{OwnerSql.AuthId}", $"ALTER TABLE {users.Name} ADD CONSTRAINT {SqlName.Quote(ConstraintName())} UNIQUE ({OwnerSql.AuthId})", "One account is one user.", $"ALTER TABLE {users.Name} DROP CONSTRAINT {SqlName.Quote(ConstraintName())}");
        yield return new("schema private", "CREATE SCHEMA IF NOT EXISTS private", "Holds what policies call and the API must not offer.");
        yield return new("schema private", "REVOKE ALL ON SCHEMA private FROM PUBLIC, anon", "Only who has policies calls them.");
        yield return new("schema private", "GRANT USAGE ON SCHEMA private TO authenticated, service_role", "Policies run with the rights of who asks.");
        yield return new("private.current_user_id()", $"""
            CREATE OR REPLACE FUNCTION private.current_user_id() RETURNS {users.Column(key)!.Type}
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
              SELECT u.{SqlName.Quote(key)} FROM {users.Name} u WHERE u.{OwnerSql.AuthId} = (SELECT auth.uid())
            $$
            """, "The application's key of who asks. It reads past the policies of the users table, so it has an empty search_path.", "DROP FUNCTION private.current_user_id()");
        yield return new("private.current_user_id()", "REVOKE ALL ON FUNCTION private.current_user_id() FROM PUBLIC, anon", "A new function can be called by everybody.");
        yield return new("private.current_user_id()", "GRANT EXECUTE ON FUNCTION private.current_user_id() TO authenticated, service_role", "Policies run with the rights of who asks.");
    }

    private string ConstraintName() => TableSteps.Short($"{users.Name.Name}_{OwnerSql.AuthId}_key");
}
