-- SpatiaLite before 4: kinds and dimensions are words.
SELECT f_table_name, f_geometry_column, type, coord_dimension IN ('XYZ', 'XYZM', '3'), coord_dimension IN ('XYM', 'XYZM'), srid, srid,
       (SELECT name FROM sqlite_schema WHERE spatial_index_enabled = 1 AND name = 'idx_' || f_table_name || '_' || f_geometry_column COLLATE NOCASE)
FROM geometry_columns
