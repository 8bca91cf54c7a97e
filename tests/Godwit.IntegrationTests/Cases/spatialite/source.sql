-- SpatiaLite: geometries are blobs of its own, named by geometry_columns; its triggers call functions that only it has.
create table spatial_ref_sys (srid integer not null primary key, auth_name text not null, ref_sys_name text not null default 'Unknown');
insert into spatial_ref_sys values (4326, 'epsg', 'WGS 84');
create table geometry_columns (f_table_name text not null, f_geometry_column text not null, geometry_type integer not null, coord_dimension integer not null, srid integer not null, spatial_index_enabled integer not null, constraint pk_geom_cols primary key (f_table_name, f_geometry_column), constraint fk_gc_srs foreign key (srid) references spatial_ref_sys (srid));
insert into geometry_columns values ('town', 'geom', 1, 2, 4326, 0);
create table town (id integer primary key, name text, geom POINT);
insert into town values (1, 'null island', x'0001e610000000000000000000000000000000000000000000000000000000000000000000007c0100000000000000000000000000000000000000fe');
create trigger "ggi_town_geom" before insert on town for each row begin select raise(rollback, 'town.geom violates Geometry constraint') where (select geometry_type from geometry_columns where f_table_name = 'town') <> GeometryType(new.geom); end;
