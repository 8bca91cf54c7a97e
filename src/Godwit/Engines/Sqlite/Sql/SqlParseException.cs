namespace Godwit.Engines.Sqlite.Sql;

/// <summary>SQL that this parser cannot read. <see cref="Position"/> is the offset in the text, in UTF-16 units.</summary>
public sealed class SqlParseException(int position, string message) : Exception($"{message} (at character {position + 1})")
{
    public int Position { get; } = position;
}
