namespace Godwit.Tests.Engines.Sqlite.Sql;

/// <summary>CREATE TABLE statements that SQLite accepts, of every kind its grammar knows.</summary>
internal static class DdlTexts
{
    public static readonly string[] Tables =
    [
        "CREATE TABLE t(a)",
        "create table if not exists main.t (id integer primary key autoincrement, b text not null default 'x')",
        """CREATE TABLE "a ""b" ([br acket] text, `back ``tick` text, "dq" int, 'sq' real, plain)""",
        "CREATE TABLE t(a VARCHAR ( 255 ) NOT NULL, b DECIMAL(10,2) DEFAULT 9.90, c unsigned   big\n int, d \"VARCHAR(255) CHARACTER SET utf8\", e [x y], f INTEGER(-3, +4))",
        "CREATE TABLE t(a int default -5, b int default +7, c int default 0x1F, d real default 1e3, e blob default x'CAFE', f default \"dq\", g default 'it''s', h default null, i default true, j default (1+(2)), k default current_timestamp, l default ( datetime('now') ), m default word)",
        "CREATE TABLE t(a INTEGER PRIMARY KEY DESC ON CONFLICT REPLACE AUTOINCREMENT)".Replace("DESC ", "", StringComparison.Ordinal),
        "CREATE TABLE t(k integer primary key desc, v int)",
        "CREATE TABLE t(a UNIQUE ON CONFLICT IGNORE NOT NULL ON CONFLICT ABORT NULL CHECK (a > ')') CHECK((a)), b CONSTRAINT n1 CONSTRAINT n2 CHECK (b /* ) */ > 0) COLLATE NOCASE)",
        "CREATE TABLE t(a int constraint c1 references p(x) on delete set null on update cascade match full deferrable initially deferred, b references p, c references p not null not deferrable initially immediate)",
        "CREATE TABLE t(a, b, PRIMARY KEY(a DESC, b COLLATE nocase ASC) ON CONFLICT FAIL, CONSTRAINT \"u-1\" UNIQUE(b, a) ON CONFLICT REPLACE CHECK(a <> b) CONSTRAINT fk FOREIGN KEY(a, b) REFERENCES q(x, y) ON DELETE SET DEFAULT ON UPDATE RESTRICT ON DELETE NO ACTION, CONSTRAINT alone)",
        "CREATE TABLE t(id INTEGER, PRIMARY KEY(id AUTOINCREMENT))",
        "CREATE TABLE t(a int, b int generated always as (a * 2) virtual, c int as (a+1) stored, d generated always as (a), e text as (upper('(')) not null)",
        "CREATE TABLE t(a text primary key not null, b any) without rowid, strict",
        "CREATE TABLE t(a int) STRICT;",
        "CREATE TABLE t -- comment (\n( a int -- trailing, comment\n, /* b int, */ c text /**/ )",
        "CREATE TABLE key(action, after, abort, replace, row, temp, view, trigger, cross, left, inner, end, no, generated, always, desc, asc, if, like, glob, match, over, filter, window, first, last, rowid_, with, without)",
        "CREATE TABLE t(\"group\" text, [order] int, `select` int, \"\" text, \"1\" int, é日本 text, x$ int)",
        "CREATE TABLE t(a INTEGER not-a-type)".Replace("not-a-type", "\"not-a-type\"", StringComparison.Ordinal),
        "CREATE TABLE t(a int,b int,UNIQUE(a),UNIQUE((b)),UNIQUE(\"a\",`b`),CHECK(a in (1,2,(3))))",
        "CREATE TABLE t(a text default 'a\nb', b text default '', c default 1_000, d double precision default .5, e default 5., f default (x'00' || 'a'))",
        "CREATE TEMP TABLE t(a default current_date, b default CURRENT_TIME, c datetime default (strftime('%Y-%m-%dT%H:%M:%fZ','now')) not null)",
        "CREATE TABLE t(a integer primary key, foreign key(a) references t(a) deferrable)",
    ];
}
