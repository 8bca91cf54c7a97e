-- A GeoPackage: geometries are blobs, its bookkeeping tables plain ones, its R*Tree and triggers belong to the file.
create table gpkg_spatial_ref_sys (srs_name text not null, srs_id integer primary key, organization text not null, organization_coordsys_id integer not null, definition text not null, description text);
insert into gpkg_spatial_ref_sys values ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84"]', null), ('Undefined', -1, 'NONE', -1, 'undefined', null);
create table gpkg_contents (table_name text not null primary key, data_type text not null, identifier text unique, description text default '', last_change datetime not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), min_x double, min_y double, max_x double, max_y double, srs_id integer, constraint fk_gc_r_srs_id foreign key (srs_id) references gpkg_spatial_ref_sys (srs_id));
insert into gpkg_contents values ('place', 'features', 'place', '', '2024-01-01T00:00:00.000Z', 0, 0, 1, 1, 4326);
create table gpkg_geometry_columns (table_name text not null, column_name text not null, geometry_type_name text not null, srs_id integer not null, z tinyint not null, m tinyint not null, constraint pk_geom_cols primary key (table_name, column_name), constraint fk_gc_tn foreign key (table_name) references gpkg_contents (table_name), constraint fk_gc_srs foreign key (srs_id) references gpkg_spatial_ref_sys (srs_id));
insert into gpkg_geometry_columns values ('place', 'geom', 'POINT', 4326, 0, 0);
create table place (fid integer primary key autoincrement not null, geom point, name text(20));
insert into place values (1, x'47500001e6100000010100000000000000000000000000000000000000', 'null island');
create virtual table rtree_place_geom using rtree (id, minx, maxx, miny, maxy);
insert into rtree_place_geom values (1, 0, 0, 0, 0);
create trigger rtree_place_geom_insert after insert on place when (new.geom not null and not ST_IsEmpty(new.geom)) begin insert or replace into rtree_place_geom values (new.fid, ST_MinX(new.geom), ST_MaxX(new.geom), ST_MinY(new.geom), ST_MaxY(new.geom)); end;
create trigger rtree_place_geom_delete after delete on place when old.geom not null begin delete from rtree_place_geom where id = old.fid; end;
