-- https://www.geopackage.org/spec131/#_geometry_columns; the index is that of the extension gpkg_rtree_index.
SELECT g.table_name, g.column_name, g.geometry_type_name, g.z, g.m, g.srs_id,
       CASE WHEN s.organization = 'EPSG' COLLATE NOCASE THEN s.organization_coordsys_id ELSE g.srs_id END,
       (SELECT name FROM sqlite_schema WHERE name = 'rtree_' || g.table_name || '_' || g.column_name COLLATE NOCASE)
FROM gpkg_geometry_columns g
LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
