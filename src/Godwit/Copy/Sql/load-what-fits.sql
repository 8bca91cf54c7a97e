-- PostgreSQL 14-18. Body of a DO block. Rows of $staged go into their table by $insertion (an INSERT up to its condition), pages at a time; those that a constraint refuses
-- stand in pg_temp.godwit_refused, with what the server said. Of a domain it says no column: those of $table that are of it.
declare
  v_page bigint := 0; v_pages bigint := pg_relation_size($staged) / current_setting('block_size')::bigint; v_width bigint := 64;
  v_place tid; v_rows bigint; v_taken bigint := 0; v_moved boolean; v_down boolean := true;
  v_state text; v_name text; v_schema text; v_table text; v_column text; v_message text; v_type text;
begin
  while v_page < v_pages loop
    begin
      execute $insertion || format('t.ctid >= %L::tid and t.ctid < %L::tid', format('(%s,0)', v_page), format('(%s,0)', v_page + v_width));
      get diagnostics v_rows = row_count;
      v_taken := v_taken + v_rows;
      v_page := v_page + v_width;
      v_width := least(v_width * 2, 1024);
      continue;
    exception when integrity_constraint_violation then
      null;
    end;
    if v_width > 1 then
      v_width := greatest(v_width / 8, 1);
      continue;
    end if;
    for v_place in execute format('select ctid from %s where ctid >= %L::tid and ctid < %L::tid', $staged, format('(%s,0)', v_page), format('(%s,0)', v_page + 1)) loop
      begin
        execute $insertion || 't.ctid = $1' using v_place;
        get diagnostics v_rows = row_count;
        v_taken := v_taken + v_rows;
      exception when integrity_constraint_violation then
        get stacked diagnostics v_state = returned_sqlstate, v_name = constraint_name, v_schema = schema_name, v_table = table_name, v_column = column_name, v_message = message_text, v_type = pg_datatype_name;
        if v_type <> '' then v_column := (select string_agg(attname, ', ' order by attnum) from pg_attribute where attrelid = $table::regclass and attnum > 0 and atttypid = to_regtype(format('%I.%I', v_schema, v_type))); end if;
        insert into pg_temp.godwit_refused values (v_place, v_state, v_name, case when v_table <> '' then format('%I.%I', v_schema, v_table) end, v_column, v_message);
      end;
    end loop;
    v_page := v_page + 1;
  end loop;
  -- Rows without a parent: it may have come in behind them, of the same table. All in one statement may be each other's.
  loop
    exit when not exists (select from pg_temp.godwit_refused where state = '23503');
    begin
      execute $insertion || 't.ctid in (select id from pg_temp.godwit_refused where state = ''23503'')';
      get diagnostics v_rows = row_count;
      v_taken := v_taken + v_rows;
      delete from pg_temp.godwit_refused where state = '23503';
      exit;
    exception when integrity_constraint_violation then
      null;
    end;
    -- Backwards, then forwards: a long line of rows that each need the next is one round.
    v_moved := false;
    for v_place in execute 'select id from pg_temp.godwit_refused where state = ''23503'' order by id' || case when v_down then ' desc' else '' end loop
      begin
        execute $insertion || 't.ctid = $1' using v_place;
        get diagnostics v_rows = row_count;
        v_taken := v_taken + v_rows;
        delete from pg_temp.godwit_refused where id = v_place;
        v_moved := true;
      exception when integrity_constraint_violation then
        get stacked diagnostics v_state = returned_sqlstate, v_name = constraint_name, v_schema = schema_name, v_table = table_name, v_column = column_name, v_message = message_text, v_type = pg_datatype_name;
        if v_type <> '' then v_column := (select string_agg(attname, ', ' order by attnum) from pg_attribute where attrelid = $table::regclass and attnum > 0 and atttypid = to_regtype(format('%I.%I', v_schema, v_type))); end if;
        update pg_temp.godwit_refused set state = v_state, name = v_name, relation = case when v_table <> '' then format('%I.%I', v_schema, v_table) end, column_name = v_column, message = v_message
          where id = v_place and state is distinct from v_state;
      end;
    end loop;
    v_down := not v_down;
    exit when not v_moved;
  end loop;
  perform set_config('godwit.taken', v_taken::text, true);
end
