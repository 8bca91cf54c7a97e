using Godwit.Schema;
using Godwit.Source;
using Xunit;

namespace Godwit.IntegrationTests.Translation;

public sealed class ViewTranslationTests(PostgresFixture server)
{
    private const string Employees = """
        create table emp (id integer primary key, name text, dept text, salary real, hired text, boss integer references emp(id), ts integer, data json, flag int, active boolean, born date, seen timestamp, price decimal(10,2));
        insert into emp values(1,'Ann','X',100.5,'2020-01-15',null,1582982055,'{"k":[1,2],"n":7,"s":"x","t":true}',1,1,'1990-05-06','2020-01-01 10:00:00',5),
        (2,'bob','X',50,'2019-06-30',1,1600000000,'{"k":[],"n":1.5}',0,0,'1985-12-31','2020-01-02 00:00:00',12.34),(3,'Cid','Y',75.25,'2021-12-31',1,0,null,null,null,null,null,null),(4,null,'Y',null,null,2,null,'{"s":null}',1,1,'2001-02-28','1999-12-31 23:59:59',7);
        """;

    private static readonly string[] Translated = Lines("""
        select id, name, salary from emp where salary > 60
        select name || '!' as nm, salary*2 as s2 from emp
        select count(*) as n, max(salary*2) as m from emp
        select id, strftime('%Y', hired) as y, strftime('%Y-%m', hired) as ym, strftime('%w', hired) as dow, strftime('%j',hired) as doy, strftime('%W', hired) as w from emp
        select dept, group_concat(name, '; ') as names, count(distinct boss) as b from emp group by dept
        select ifnull(name,'?') as n, coalesce(salary,0) as s, nullif(dept,'X') as d from emp
        select id, julianday(hired) - julianday('2019-01-01') as days from emp where hired is not null
        select iif(salary>60,'hi','lo') as lvl, printf('%05d|%.2f|%s', id, salary, name) as p from emp
        select instr(name,'o') as i, substr(name,-2) as t, substr(name,2) as u, length(name) as l, upper(name) as up, trim(name) as tr, replace(name,'n','m') as rp from emp
        select name from emp where [dept] = 'X' and `id` > 0
        select dept, name, max(salary) as m from emp group by dept
        select id/2 as h, id%2 as r, 7/2 as c, 7/2.0 as d, id/0 as z, -7/2 as neg, 7%-3 as m from emp
        select id, (salary>60)+0 as b, (name is null) as isn, not flag as nf from emp
        select name from emp where name like 'A%' or name like 'B%'
        select name from emp where name glob '[A-Z]*'
        with recursive t(id,lvl) as (select id,0 from emp where boss is null union all select e.id,lvl+1 from emp e join t on e.boss=t.id) select * from t
        select name, row_number() over (partition by dept order by salary desc) as rn, sum(salary) over () as tot from emp
        select e.id, j.value from emp e, json_each(e.data,'$.k') j
        select id, json_extract(data,'$.k[0]') as k0, data->>'$.k' as kk, json_array_length(data,'$.k') as n, json_extract(data,'$.t') t, json_type(data,'$.n') ty from emp
        select name from emp order by name collate nocase
        select max(id,2) as mx, min(id,2) as mn, max(id, boss) as nl from emp
        select id from emp where name is not 'Ann' and dept is 'Y'
        select typeof(salary) as t, hex(name) as h, quote(name) as q, unicode(name) as u, char(65,66) as c from emp
        select a.name, b.name as boss from emp a left join (select id as boss, name from emp) b using (boss)
        select id, name from emp union select 99, 'x' union all select 1, 'dup'
        select name from emp order by id limit 2 offset 1
        select total(salary) as t, sum(salary) as s, avg(salary) as a, count(*) as n, sum(id) as i, avg(id) as ai, sum(flag) as f from emp
        select id, id, name as "Id 2" from emp
        select rowid as r, name from emp
        select cast(salary as integer) as i, cast(id as text) as t, cast('12abc' as integer) as x, cast(name as real) as r, cast(salary as text) st, cast('1e3x' as real) e from emp
        select id, datetime(ts,'unixepoch') as d, date(ts,'unixepoch','+1 month','start of month') as m from emp
        select id == 1 as e, id <> 1 as n, id != 2 as m from emp
        select case dept when 'X' then 1 else 0 end as x, sum(case when flag then 1 else 0 end) over () as f from emp
        select round(salary,1) as r, abs(-id) as a, salary > '60' as cmp from emp
        select id from emp e where exists(select 1 from emp where boss = e.id) and id in (select boss from emp)
        select * from emp natural join (select id, 'z' as z from emp)
        select name || dept as nd, name || 1 as n1, name || salary as ns, price || '' as pp from emp
        select id from emp where id = '1' or salary < '99'
        select id from emp where active
        select id, active = 1 as a, active in (0,1) as b, active is not null as c, not active as d, active + 1 as e, sum(active) over () s from emp
        select sum(active), count(active), max(active), sum(case when active then 1 end) from emp
        select id from emp where born >= '1990-01-01' and born < '2000-01-01'
        select id from emp where seen >= '2020-01-01' and seen <= '2020-01-02'
        select id from emp where seen between '1999-01-01' and '2020-01-01 10:00:00'
        select id, strftime('%Y', born) y, date(born, '+1 month') m, julianday(seen) j, substr(born, 1, 4) as s from emp
        select id, date('2020-01-31','+1 month') a, date('2021-02-30') b, datetime('2020-01-01','weekday 0') c, time('12:34:56','-1 hour') d, date('nonsense') e from emp
        select price/2 as a, price*2 as b, price/5 as c, typeof(price) as t from emp
        select dept, count(*) as n from emp group by 1 having count(*) > 1 order by n desc, 1
        select dept as d, sum(salary) from emp group by d
        select e.id, b.name from emp e, emp b where e.boss = b.id
        select distinct dept from emp order by dept desc
        select id, (select name from emp b where b.id = e.boss) as boss from emp e
        select id from emp where (dept, id) in (select dept, id from emp where id < 3)
        select id from emp where json_extract(data, '$.n') > 2
        select id from emp where json_extract(data, '$.s') = 'x'
        select id, coalesce(name, id) as x from emp
        select id from emp where name > 'a'
        select name from emp where name not like 'a\_%' escape '\'
        select id, lag(name) over (order by id) p, lead(id, 1, 0) over (order by id) n from emp
        select id, count(*) filter (where flag) over (order by id rows between 1 preceding and current row) as c from emp
        values (1, 'a'), (2, 'b')
        select 1 as a union select 2 intersect select 2 except select 5
        select dept, strftime('%Y', hired) as y, count(*) from emp group by dept, strftime('%Y', hired)
        select substr(name, 0, 2) a, substr(name, -2, 1) b, substr(name, id, 1) c, substr(name, 2, -1) d, substr(name, -9, 8) e from emp
        select id from emp where ts > 1500000000 or ts = 0
        select 'a' || null as x, null + 1 as y, 1 between 0 and 2 as z, 2 in (1, null) as w
        select id & 1 a, id | 4 b, id << 2 c, ~id d, +id e, - -id f from emp
        select id from emp where salary not between 60 and 80
        select name, count(*) from emp group by dept
        select dept, name, salary, count(*) n from emp
        select e.name, b.name as boss, count(*) from emp e left join emp b on b.id = e.boss group by e.dept
        select distinct name collate nocase as n from emp
        select name collate nocase as n from emp union select upper(name) from emp union select 'ann'
        select max(dept collate nocase) a, min(name collate nocase) b from emp
        select id, born - seen as y, born + 1 as z from emp
        select id from emp where id = name or salary > name
        select a.id from emp a join emp b on a.id = cast(b.id as text)
        select id from emp where born > name or seen <> hired
        select pow(2,3) a, pow(-8, 0.5) b, exp(0) c, ln(0) d, log10(100) e, log(2,8) f, mod(7,3) g, trunc(-1.9) h, atan2(0,1) i, asin(2) j from emp where id = 1
        select json_quote(name) q, json_set(data, '$.z', 1, '$.n', 'x') s, json_remove(data, '$.k', '$.q') r, json_insert(data, '$.n', 0) i, json_replace(data, '$.zz', 0) p, json_patch(data, '{"n":null,"q":{"r":1}}') a from emp where data is not null
        with recursive n(x) as (values(1) union all select x+1 from n limit 5) select x from n
        select printf('%,d|%+d|%c', 1234567, 5, 'xyz') p, printf('%o|%08o|%-5o|%o|%o|%o|%o', id, id * 7, 8, -1, -9223372036854775807 - 1, 9223372036854775807, 0) o, printf('%o', null) n from emp
        select group_concat(distinct dept) a, group_concat(distinct boss) b, group_concat(distinct nullif(name, name)) c from emp
        select (1, 'b') < (1, 'c') a, (id, salary) >= (2, 60) b from emp
        select 1e308 * 10 a, 9223372036854775807 + 0.5 b, 1 - 0.5 c
        select length(seen) a, length(born) b from emp where id < 3
        select max(ts, 5) a, coalesce(ts, 0) b, case when id > 1 then ts else 1 end c from emp
        select lead(salary, 1, 0) over (order by id) l from emp
        select x.id from emp x join emp y on x.id = y.boss and y.id is not null left join emp z on z.boss = y.id where z.id is null
        select id, 1 << id a, id << -1 b, -1 >> 70 c, id << 64 d from emp
        select cast(1e300 as integer) a, cast(salary * 1e300 as integer) b, salary % 7 c, cast(price as integer) d, cast(boss / 0 as integer) e from emp
        select 9223372036854775807 + 1 a, 9223372036854775807 * 2 b, -9223372036854775807 - 2 c
        select min(id, salary, name) a, max(id, name) b, min(salary, id) c, max('b' collate nocase, 'A') d, min('B' collate nocase, 'b') e from emp
        select id from emp where (id, salary) between (1, 0) and (2, 60)
        select id, datetime(ts, 'auto') a, date('2020-01-31', '+' || id || ' days') b, date('2020-01-31', '+' || (id - 2) || ' days') c, date('2020-01-31', printf('%d days', id - 2)) d, datetime('2020-01-31', '-' || 1.5 || ' hours') e from emp where ts > 9999999
        select strftime('%e|%k|%l|%P|%U|%u|%I|%p|%F|%T|%G-%V', '2024-01-07 09:05:06') a, unixepoch('2024-01-01 00:00:00.25', 'subsec') b, datetime('2024-01-01 00:00:00.25', 'subsec') c
        with recursive n(i) as (select 0 union all select i + 1 from n where i < 3000) select i, strftime('%G-%V %g %U %W %u %w %j %e %d %m %Y %F %s %J %f', '1999-12-20', i || ' days') d, strftime('%I %l %k %p %P %R %T %H %M %S %%', '1999-12-20 00:30:00', (i * 97) || ' minutes') t from n
        select e.id, j.key, j.value, j.type, j.atom, j.fullkey, j.path from emp e, json_each(e.data) j
        select e.id, j.fullkey, j.value from emp e, json_each(e.data, '$.k') j
        select e.id, j.key, j.value, j.type, j.atom, j.fullkey, j.path from emp e, json_tree(e.data) j
        select e.id, j.fullkey from emp e left join json_tree(e.data) j on j.type = 'integer' and j.atom > 1
        select data -> '$.s' a, data -> '$.k' b, data -> '$.t' c, json_extract(data, '$.s[0]') d, data -> 0 e, json('"x"') f from emp
        select printf('%e|%.2e|%g|%.3g|%G|%g|%g', 1234.5, 1.5, 0.0001, 1234567.0, 1e20, 100000.0, -2.50) a, printf('%q|%Q|%w|%Q|%ld|%lld', 'it''s', 'it''s', 'a"b', null, 5, 6) b
        select char(64 + id, 945) a, zeroblob(id) b, sign('x') c, sign('-2.5') d, sign(name) e from emp
        select substr(x'010203', 2) a, substr(x'010203', -2) b, substr(x'010203', 1, 2) c, substr(x'', 1) d, instr(x'010203', x'0203') e, x'6162' || 'c' f, cast(x'3132' as integer) g, x'3132' + 1 h, cast(12 as blob) i, cast(x'3135' as real) j
        select max(b) a, min(b) c from (select x'01' as b union all select x'02' union all select null)
        select group_concat(distinct n) a from (select 'a' collate nocase as n union all select 'A' union all select 'b')
        select id from emp where name glob substr(name, 1, 1) || '*' and name not glob '*[^a-z]' || 'x'
        select id from emp where id in (select cast(boss as text) from emp) or salary in (select '50')
        select id from emp where id not in (select cast(boss as text) from emp)
        select id from emp where id not in (select cast(boss as text) from emp where boss is not null)
        select id, row_number() over (order by dept) a, lag(id) over (order by dept desc) b, ntile(3) over (order by dept) c from emp
        select id as x from emp union select salary collate nocase from emp
        select id, sum(id) over (w order by id) a from emp window w as (partition by dept)
        """);

    private static readonly string[] Refused = Lines("""
        select nope from emp
        select name from emp where name regexp '^a'
        select application_function(name) from emp
        select length(data) from emp
        select last_insert_rowid() from emp
        select id from emp where data regexp 'x'
        select name from emp where name = 'x' collate mine
        select id from missing
        """);

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static async Task<Databases> OpenAsync(PostgresFixture server)
    {
        var db = await Databases.OpenAsync(server);
        await db.TableAsync(Employees, "emp", ("id", "bigint"), ("name", "varchar(80)"), ("dept", "text"), ("salary", "double precision"), ("hired", "text"), ("boss", "bigint"), ("ts", "bigint"),
            ("data", "jsonb"), ("flag", "integer"), ("active", "boolean"), ("born", "date"), ("seen", "timestamp"), ("price", "numeric(10,2)"));
        return db;
    }

    [Fact]
    public async Task Views_yield_the_same_rows_as_in_SQLite()
    {
        await using var db = await OpenAsync(server);
        var wrong = new List<string>();
        for (var i = 0; i < Translated.Length; i++)
        {
            var sql = Translated[i];
            db.Run($"create view v{i} as {sql}");
            var expected = db.FromSqlite($"select * from v{i}");
            var view = db.Translator.View(new View($"v{i}", $"create view v{i} as {sql}"), db.Scope);
            if (view.Query is null) { wrong.Add($"{sql}\n   refused: {view.Problem}"); continue; }
            try
            {
                await db.ExecuteAsync($"CREATE VIEW v{i} AS {view.Query}");
                var actual = await db.FromPostgresAsync($"SELECT * FROM v{i}");
                var ordered = sql.Contains("order by", StringComparison.Ordinal) && !sql.Contains("over", StringComparison.Ordinal);
                if (!ordered) { expected.Sort(StringComparer.Ordinal); actual.Sort(StringComparer.Ordinal); }
                if (!expected.SequenceEqual(actual)) wrong.Add($"{sql}\n   {view.Query}\n   expected {string.Join(" ; ", expected)}\n   actual   {string.Join(" ; ", actual)}");
            }
            catch (Npgsql.PostgresException e) { wrong.Add($"{sql}\n   {view.Query}\n   {e.MessageText}"); }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {Translated.Length}:\n" + string.Join('\n', wrong));
    }

    [Fact]
    public async Task What_may_mean_something_else_is_refused()
    {
        await using var db = await OpenAsync(server);
        foreach (var sql in Refused)
        {
            var view = db.Translator.View(new View("v", $"create view v as {sql}"), db.Scope);
            Assert.True(view.Query is null && view.Problem is { Length: > 0 }, $"{sql}\n{view.Query}");
        }
    }

    [Fact]
    public async Task Views_build_on_views()
    {
        await using var db = await OpenAsync(server);
        string[] chain = ["create view a as select id, name, salary from emp where salary > 60", "create view b as select name || '!' as nm, salary*2 as s2, id = 1 as one from a", "create view c(n, m, o) as select count(*), max(s2), sum(one) from b where nm > 'A'"];
        Assert.Equal(["a"], db.Translator.References(new View("b", chain[1])));
        foreach (var (name, sql) in new[] { "a", "b", "c" }.Zip(chain))
        {
            db.Run(sql);
            var view = db.Translator.View(new View(name, sql), db.Scope);
            Assert.Null(view.Problem);
            await db.ExecuteAsync($"CREATE VIEW public.{name} AS {view.Query}");
            db.Tables.Add(new ScopeTable(name, new SqlName("public", name), view.Columns));
            Assert.Equal(db.FromSqlite($"select * from {name} order by 1"), await db.FromPostgresAsync($"SELECT * FROM public.{name} ORDER BY 1"));
        }
    }
}
