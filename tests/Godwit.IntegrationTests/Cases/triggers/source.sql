-- BEFORE, AFTER and INSTEAD OF; WHEN, UPDATE OF, RAISE; several statements; an audit log, counters, timestamps; one that cannot be translated.
create table item (id integer primary key, name text not null, qty integer not null default 0, changed text);
create table audit (id integer primary key autoincrement, what text, item integer, old_qty integer, new_qty integer);
create table counter (name text primary key, n integer not null);
insert into item (id, name, qty) values (1, 'a', 5), (2, 'b', 7);
insert into counter values ('items', 2), ('total', 12);
create trigger audit_insert after insert on item begin
  insert into audit (what, item, new_qty) values ('insert', new.id, new.qty);
  update counter set n = n + 1 where name = 'items';
  update counter set n = n + new.qty where name = 'total';
end;
create trigger audit_update after update of qty on item when old.qty is not new.qty begin
  insert into audit (what, item, old_qty, new_qty) values ('update', new.id, old.qty, new.qty);
  update counter set n = n + new.qty - old.qty where name = 'total';
end;
create trigger audit_delete before delete on item begin
  select case when old.qty > 100 then raise(abort, 'too many to delete') end;
  insert into audit (what, item, old_qty) values ('delete', old.id, old.qty);
  update counter set n = n - 1 where name = 'items';
end;
create trigger stamp after update of name on item begin update item set changed = 'renamed from ' || old.name where id = new.id; end;
create trigger no_negative before insert on item when new.qty < 0 begin select raise(ignore); end;
create view few as select id, name, qty from item where qty < 10;
create trigger few_insert instead of insert on few begin insert into item (id, name, qty) values (new.id, upper(new.name), ifnull(new.qty, 1)); end;
create trigger few_update instead of update on few begin update item set qty = new.qty where id = old.id; end;
create trigger few_delete instead of delete on few begin delete from item where id = old.id; end;
create trigger unknown after delete on counter begin select application_function(old.n); end;
