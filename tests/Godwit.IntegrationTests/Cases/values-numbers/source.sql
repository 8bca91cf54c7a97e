-- Both ends of 64 bits and beyond, infinities, -0.0, denormals, decimals of 30 digits.
create table ints (id integer primary key, n integer, big bigint, small smallint, beyond integer);
insert into ints values (1, 9223372036854775807, -9223372036854775808, 32767, 9223372036854775808), (2, -9223372036854775808, 0, 40000, 1), (3, null, 1, -1, -9223372036854775809);
create table reals (id integer primary key, r real, f float, d double precision);
insert into reals values (1, 0.1, 1e308, 9e999), (2, -0.0, 5e-324, -9e999), (3, 2.2250738585072014e-308, 123456789012345678, 0.30000000000000004), (4, 1, 1.7976931348623157e308, null);
create table decimals (id integer primary key, price decimal(10,2), rate numeric(6,4), long_text text, exact decimal(30,20));
insert into decimals values (1, 12.34, 0.1234, '1234567890.12345678901234567890', 0.5), (2, 12.345, 12345.6789, '0.000000000000000000000000000001', '12345678901234567890.123456789012345678901'), (3, -0.01, 1e2, null, 100000000000000000000);
create table mixed (id integer primary key, n integer, m numeric);
insert into mixed values (1, 1, 1), (2, 1.5, 1.5), (3, 'abc', '1e500'), (4, '12', 'nan'), (5, ' 7 ', 0.0);
create table bools (id integer primary key, b boolean, t bool, odd boolean);
insert into bools values (1, 1, 'true', 1), (2, 0, 'false', 2), (3, null, 'f', 0);
create table zero_one (id integer primary key, flag integer);
insert into zero_one values (1, 0), (2, 1);
create table strict_one (id integer primary key, i int, r real, t text, b blob, a any) strict;
insert into strict_one values (1, 5, 5, '5', x'05', 5), (2, 6, 6.5, '6', x'', 6.5), (3, null, null, null, null, null);
