-- SpatiaLite 4 and later: kinds are numbers, in thousands by dimension. https://www.gaia-gis.it/fossil/libspatialite/wiki?name=switching-to-4.0
SELECT f_table_name, f_geometry_column, geometry_type % 1000, geometry_type / 1000 IN (1, 3), geometry_type / 1000 IN (2, 3), srid, srid,
       (SELECT name FROM sqlite_schema WHERE spatial_index_enabled = 1 AND name = 'idx_' || f_table_name || '_' || f_geometry_column COLLATE NOCASE)
FROM geometry_columns
