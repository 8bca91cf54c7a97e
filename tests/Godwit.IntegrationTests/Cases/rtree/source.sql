-- R*Trees with and without auxiliary columns.
create virtual table area using rtree (id, minx, maxx, miny, maxy, +label text);
insert into area values (1, 0, 1, 0, 1, 'sq'), (7, -5.5, 5.5, -5.5, 5.5, 'big');
create virtual table ints using rtree_i32 (id, x0, x1);
insert into ints values (3, -2, 9);
create view big as select id, maxx - minx as w from area;
