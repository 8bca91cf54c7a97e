using Godwit.Schema;
using Npgsql;

namespace Godwit.Follow.Logical;

/// <summary>A change that the side where it is applied does not take: a value, or a constraint that does not hold. Whoever knows both sides says why.</summary>
internal sealed class ChangeRefused(SqlName origin, SqlName target, PostgresException error) : Exception(error.MessageText, error)
{
    public SqlName Origin => origin;
    public SqlName Target => target;
    public PostgresException Error => error;
}
