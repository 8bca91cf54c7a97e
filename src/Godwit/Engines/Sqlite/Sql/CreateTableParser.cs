using System.Collections.Immutable;

namespace Godwit.Engines.Sqlite.Sql;

/// <summary>
/// Reads the CREATE TABLE text of sqlite_schema. Expressions are kept as text and not looked into, so that a table is readable even
/// where an expression of it is not.
/// </summary>
public static class CreateTableParser
{
    /// <exception cref="SqlParseException">The text is not a CREATE TABLE statement with a column list.</exception>
    public static CreateTableStatement Parse(string sql) => new TableReader(sql).Read();

    private sealed class TableReader(string sql) : DdlReader(sql)
    {
        public CreateTableStatement Read()
        {
            while (TakeSymbol(";")) { }
            ExpectWord("CREATE");
            if (!TakeWord("TEMP")) TakeWord("TEMPORARY");
            ExpectWord("TABLE");
            var name = ObjectName();
            if (!IsSymbol("(")) throw Unexpected("a column list");
            Take();
            var columns = ImmutableArray.CreateBuilder<ColumnDefinition>();
            var constraints = ImmutableArray.CreateBuilder<TableConstraint>();
            do
            {
                if (AtTableConstraint()) break;
                columns.Add(Column());
            } while (TakeSymbol(","));
            // The commas between table constraints are optional.
            while (!IsSymbol(")"))
            {
                TakeSymbol(",");
                if (Constraint() is { } constraint) constraints.Add(constraint);
            }
            Take();
            var (withoutRowId, strict) = Options();
            ExpectEnd();
            return new CreateTableStatement(name, columns.ToImmutable(), constraints.ToImmutable(), withoutRowId, strict);
        }

        private (bool WithoutRowId, bool Strict) Options()
        {
            bool withoutRowId = false, strict = false;
            while (Current.Kind == TokenKind.Word || IsSymbol(","))
            {
                TakeSymbol(",");
                if (TakeWord("WITHOUT")) { TakeName("ROWID"); withoutRowId = true; }
                else if (TakeWord("STRICT")) strict = true;
                else throw Unexpected("WITHOUT ROWID or STRICT");
            }
            return (withoutRowId, strict);
        }

        private bool AtTableConstraint() =>
            IsWord("CONSTRAINT") || IsWord("PRIMARY") || IsWord("UNIQUE") || IsWord("CHECK") || IsWord("FOREIGN");

        private ColumnDefinition Column()
        {
            var column = new ColumnDefinition { Name = TakeName("a column name"), TypeText = TypeName() };
            string? constraintName = null;
            while (!IsSymbol(",") && !IsSymbol(")"))
            {
                if (TakeWord("CONSTRAINT"))
                {
                    constraintName = TakeName("a constraint name");
                    column = column with { ConstraintNames = column.ConstraintNames.Add(constraintName) };
                    continue;
                }
                // FOREIGN or PRIMARY ... ( here is a table constraint that follows without a comma.
                if (IsWord("FOREIGN") || (IsWord("PRIMARY") && Peek(2).IsSymbol("(")) || (IsWord("UNIQUE") && Peek().IsSymbol("("))) break;
                column = ColumnConstraint(column, constraintName);
                constraintName = null;
            }
            return column;
        }

        private ColumnDefinition ColumnConstraint(ColumnDefinition c, string? name)
        {
            if (TakeWord("DEFAULT")) return c with { DefaultSql = Default() };
            if (TakeWords("NOT", "NULL")) return Conflict(c with { NotNull = true }, "NOT NULL");
            if (TakeWord("NULL")) return Conflict(c, "NULL");
            if (TakeWords("PRIMARY", "KEY"))
            {
                var descending = TakeDirection();
                c = Conflict(c with { PrimaryKey = true, PrimaryKeyDescending = descending }, "PRIMARY KEY");
                return TakeWord("AUTOINCREMENT") ? c with { AutoIncrement = true } : c;
            }
            if (TakeWord("UNIQUE")) return Conflict(c with { Unique = true }, "UNIQUE");
            if (TakeWord("CHECK")) return Conflict(c with { Checks = c.Checks.Add((name, TakeGroup())) }, "CHECK");
            if (TakeWord("REFERENCES")) return c with { References = References() };
            if (IsWord("DEFERRABLE") || (IsWord("NOT") && Peek().IsWord("DEFERRABLE")))
            {
                var (deferrable, initially) = Deferrable();
                return c.References is null ? c : c with { References = c.References with { Deferrable = deferrable, InitiallyDeferred = initially } };
            }
            if (TakeWord("COLLATE")) return c with { Collation = TakeName("a collation") };
            TakeWords("GENERATED", "ALWAYS");
            if (TakeWord("AS"))
            {
                c = c with { GeneratedSql = TakeGroup() };
                return Current.IsName ? c with { GeneratedStored = Take().Value.Equals("STORED", StringComparison.OrdinalIgnoreCase) } : c;
            }
            throw Unexpected("a column constraint");
        }

        private ColumnDefinition Conflict(ColumnDefinition c, string of) =>
            OnConflict(of) is { } clause ? c with { ConflictClauses = c.ConflictClauses.Add(clause) } : c;

        private string Default()
        {
            var start = Current.Start;
            if (IsSymbol("(")) TakeGroup();
            else
            {
                if (!TakeSymbol("-")) TakeSymbol("+");
                if (IsSymbol("(")) TakeGroup();
                else if (Current.Kind is TokenKind.Integer or TokenKind.Float or TokenKind.Blob || IsWord("NULL") || Current.IsName) Take();
                else throw Unexpected("a default value");
            }
            return Sql[start..Previous.End];
        }

        // typetoken: any run of names, then at most one group of numbers. Quotes are taken off where they are around the whole.
        private string TypeName()
        {
            var parts = new List<string>();
            var only = "";
            while ((Current.Kind == TokenKind.Word && Current.IsName) || Current.Kind is TokenKind.QuotedName or TokenKind.DoubleQuoted or TokenKind.String)
            {
                only = Take().Value;
                parts.Add(Sql[Previous.Start..Previous.End]);
            }
            var type = parts.Count == 1 ? only : WithoutGenerated(string.Join(' ', parts));
            if (parts.Count == 0 || !IsSymbol("(")) return type;
            var spaced = Current.Start > Previous.End;
            return type + (spaced ? " (" : "(") + string.Join(' ', TakeGroup().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) + ")";
        }

        // GENERATED ALWAYS reads as a part of the type; sqlite3AddColumn takes it off again, in this manner.
        private static string WithoutGenerated(string type)
        {
            if (type.Length < 16 || !type.EndsWith("always", StringComparison.OrdinalIgnoreCase)) return type;
            type = type[..^6].TrimEnd();
            return type.EndsWith("generated", StringComparison.OrdinalIgnoreCase) ? type[..^9].TrimEnd() : type;
        }

        private TableConstraint? Constraint()
        {
            string? name = null;
            while (TakeWord("CONSTRAINT")) name = TakeName("a constraint name");
            if (TakeWords("PRIMARY", "KEY"))
            {
                ExpectSymbol("(");
                var columns = Terms(out var autoIncrement);
                return new TableConstraint.PrimaryKey(name, columns, autoIncrement) { ConflictClause = OnConflict("PRIMARY KEY") };
            }
            if (TakeWord("UNIQUE"))
            {
                ExpectSymbol("(");
                return new TableConstraint.Unique(name, Terms(out _)) { ConflictClause = OnConflict("UNIQUE") };
            }
            if (TakeWord("CHECK")) return new TableConstraint.Check(name, TakeGroup()) { ConflictClause = OnConflict("CHECK") };
            if (TakeWords("FOREIGN", "KEY"))
            {
                ExpectSymbol("(");
                var columns = Names();
                ExpectWord("REFERENCES");
                return new TableConstraint.ForeignKey(name, columns, References());
            }
            // A name alone constrains nothing; SQLite accepts it.
            if (name is not null) return null;
            throw Unexpected("a table constraint");
        }
    }
}
