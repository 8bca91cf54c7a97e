using Npgsql;

namespace Godwit.Source;

/// <summary>
/// The search_path for statements of Godwit's own that look at the application's rows. PostgreSQL plans each with the expressions of the table's indexes, puts the
/// bodies of SQL functions into them, and executes checks and generated columns where rows are written: what these call is found as the application finds it.
/// </summary>
public static class ApplicationPath
{
    // PostgreSQL's own names first, so that no operator or function of the application with the same arguments changes what Godwit says; then what this database gives to its sessions, also when it gave
    // this one less (a migration sets it while its sessions are open); then the schemas of extensions.
    private const string Value = """
        concat_ws(', ', 'pg_catalog', nullif((select reset_val from pg_settings where name = 'search_path'), ''),
          (select nullif(substr(c, length('search_path=') + 1), '') from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase and d.datname = current_database(), unnest(s.setconfig) c where s.setrole = 0 and c like 'search\_path=%'),
          (select string_agg(distinct quote_ident(n.nspname), ', ') from pg_extension e join pg_namespace n on n.oid = e.extnamespace where n.nspname <> 'pg_catalog'))
        """;

    // Looked for in pg_catalog alone: the present path may have a schema before it whose operators are called the same.
    /// <summary>Sets it for the session.</summary>
    public const string Session = $"set search_path = pg_catalog; select set_config('search_path', {Value}, false)";

    /// <summary>Sets it until the transaction ends.</summary>
    public const string Local = $"set local search_path = pg_catalog; select set_config('search_path', {Value}, true)";

    /// <summary>A name was not found: a function, a relation, a type or an operator. In a statement of Godwit's own it is one that the application's functions say.</summary>
    public static bool IsMissing(PostgresException e) => e.SqlState is PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedObject;
}
