-- As SQLAlchemy with Alembic makes its tables.
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
insert into alembic_version values ('abc');
CREATE TABLE item (id INTEGER NOT NULL, name VARCHAR(50), active BOOLEAN, made DATETIME, day DATE, price NUMERIC(10, 2), data JSON, kind VARCHAR(5), uid CHAR(32), PRIMARY KEY (id), CHECK (active IN (0, 1)), CONSTRAINT kinds CHECK (kind IN ('one', 'two')));
insert into item values (1, 'n', 1, '2024-01-01 10:00:00.000000', '2024-01-01', 12.5, '{"b": 1, "a": 2}', 'one', '6f9619ff8b86d011b42d00c04fc964ff');
