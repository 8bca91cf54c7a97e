-- Where the application's next row goes. never_used_seq stays as it was made.
SELECT setval(pg_get_serial_sequence(c.oid::regclass::text, a.attname), greatest((xpath('/row/m/text()',
    query_to_xml(format('SELECT coalesce(max(%I), 1) AS m FROM %s', a.attname, c.oid::regclass), false, true, '')))[1]::text::bigint, 1))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace IN ('public'::regnamespace, 'auth'::regnamespace)
  AND pg_get_serial_sequence(c.oid::regclass::text, a.attname) IS NOT NULL
ORDER BY c.relname;
SELECT setval('public.plan_number_seq', 507000), setval('reporting.countdown_seq', 977), setval('public.product_owners_id_seq', greatest((SELECT max(id) FROM public.product_owners), 1000));
