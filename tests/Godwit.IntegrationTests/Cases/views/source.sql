-- Views on tables and on views; in an order that is not the order of need; with what PostgreSQL lacks.
create table emp (id integer primary key, name text, dept text, salary real, boss integer references emp (id), hired date);
insert into emp values (1, 'Ann', 'X', 100.5, null, '2020-01-15'), (2, 'bob', 'X', 50, 1, '2019-06-30'), (3, 'Cid', 'Y', 75.25, 1, null);
create view uses_later as select name from later where salary > 60;
create view later as select * from emp where dept = 'X';
create view totals as select dept, count(*) as n, total(salary) as t, group_concat(name, '; ') as names from emp group by dept;
create view tree as with recursive t (id, level) as (select id, 0 from emp where boss is null union all select e.id, level + 1 from emp e join t on e.boss = t.id) select * from t;
create view ranks as select name, rank() over (partition by dept order by salary desc) as r from emp limit -1;
create view years (y, "N n") as select strftime('%Y', hired), count(*) from emp group by 1;
create view same as select e.name, b.name from emp e left join emp b on b.id = e.boss;
create view quirks as select "not a column" as dq, 7 / 2 as half, 5 % 3 as rest, name || 1 as n1, iif(salary > 60, 'hi', 'lo') as lvl, instr(name, 'o') as i, substr(name, -2) as tail, printf('%05.1f', salary) as p, name is not null as has from emp;
create view broken as select nope from emp;
create view bare as select dept, name, max(salary) from emp group by dept;
create view ordered as select name from emp order by name collate nocase limit 2;
