insert into "select" values (2, 'a', 'b', 'y')
insert into "select" values (3, 'a', 'b', 'x')
insert into "with ""quotes"" and 'apostrophes'" ("a ""b""", "it's") values (2, 'q')
