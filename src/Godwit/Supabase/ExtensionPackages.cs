using System.Collections.Frozen;

namespace Godwit.Supabase;

/// <summary>What to install on Debian or Ubuntu for an extension; other systems name it alike.</summary>
internal static class ExtensionPackages
{
    private static readonly FrozenSet<string> Contrib = """
        adminpack amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw fuzzystrmatch hstore insert_username intagg intarray isn lo
        ltree moddatetime pageinspect pg_buffercache pg_freespacemap pg_prewarm pg_stat_statements pg_trgm pg_visibility pgcrypto pgrowlocks pgstattuple postgres_fdw refint seg sslinfo
        tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp xml2
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Others = new Dictionary<string, string>
    {
        ["postgis"] = "postgis-3", ["postgis_raster"] = "postgis-3", ["postgis_topology"] = "postgis-3", ["postgis_sfcgal"] = "postgis-3", ["postgis_tiger_geocoder"] = "postgis-3",
        ["address_standardizer"] = "postgis-3", ["vector"] = "pgvector", ["pg_cron"] = "cron", ["pgrouting"] = "pgrouting", ["http"] = "http", ["rum"] = "rum", ["pg_partman"] = "partman",
        ["pgaudit"] = "pgaudit", ["pg_repack"] = "repack", ["hypopg"] = "hypopg", ["plpgsql_check"] = "plpgsql-check", ["pgtap"] = "pgtap", ["timescaledb"] = "timescaledb", ["plv8"] = "plv8",
        ["pg_hashids"] = "pg-hashids", ["pg_similarity"] = "similarity", ["hll"] = "hll", ["orafce"] = "orafce", ["pgmq"] = "pgmq", ["pg_net"] = "pg-net",
    }.ToFrozenDictionary();

    public static string Hint(string extension, int major) =>
        Contrib.Contains(extension) ? "On the target's machine: the package postgresql-contrib (Debian and Ubuntu bring it with postgresql)"
        : Others.TryGetValue(extension, out var package) ? $"On the target's machine: apt-get install postgresql-{major}-{package}"
        : $"Install the extension {extension} for PostgreSQL {major} on the target's machine";
}
