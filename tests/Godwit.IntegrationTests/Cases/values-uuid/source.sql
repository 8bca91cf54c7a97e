-- UUIDs as text and as blobs.
create table canonical (id uuid primary key, v text);
insert into canonical values ('6f9619ff-8b86-d011-b42d-00c04fc964ff', 'a'), ('00000000-0000-0000-0000-000000000000', 'b');
create table upper_case (id integer primary key, u uuid);
insert into upper_case values (1, '6F9619FF-8B86-D011-B42D-00C04FC964FF'), (2, '6f9619ff8b86d011b42d00c04fc964ff');
create table as_blob (id integer primary key, u uuid, g guid);
insert into as_blob values (1, x'6f9619ff8b86d011b42d00c04fc964ff', x'6f9619ff8b86d011b42d00c04fc964ff');
create table mixed (id integer primary key, u uuid);
insert into mixed values (1, '6f9619ff-8b86-d011-b42d-00c04fc964ff'), (2, x'6f9619ff8b86d011b42d00c04fc964ff'), (3, 'none');
create table child (id integer primary key, c text references canonical (id));
insert into child values (1, '6f9619ff-8b86-d011-b42d-00c04fc964ff');
