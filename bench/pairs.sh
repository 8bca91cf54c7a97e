#!/usr/bin/env bash
# From PostgreSQL to PostgreSQL, side by side on one server: ./pairs.sh GODWIT ROUNDS [floor|godwit|pg_dump|pgcopydb]...
# PGHOST, PGPORT and PGUSER name the server, bench and btarget are the databases. `pgbench -i -s 20 bench` makes the tables; ./pairs.sh makes a wide one.
set -euo pipefail
godwit=$1 rounds=$2; shift 2
[ $# -gt 0 ] || set -- floor godwit pg_dump pgcopydb
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
url() { echo "postgres://$PGUSER@/$1?host=$PGHOST&port=$PGPORT"; }
each() { psql -qd btarget -c "set maintenance_work_mem='256MB'" -c "set max_parallel_maintenance_workers=0" "$@"; }

# Rows by binary COPY piped into COPY, two tables at a time; indexes and keys in two sessions.
run_floor() {
    pg_dump -s --section=pre-data bench | psql -qd btarget >/dev/null
    copy() { psql -qd bench -c "copy $1 to stdout (format binary)" | psql -qd btarget -c "copy $1 from stdin (format binary)"; }
    copy pgbench_accounts & (copy wide; copy pgbench_tellers; copy pgbench_branches; copy pgbench_history) & wait
    each -c 'alter table pgbench_accounts add primary key (aid)' &
    each -c 'create index on pgbench_accounts (bid)' -c 'alter table wide add primary key (id)' -c 'create index on wide (kind)' -c 'alter table pgbench_tellers add primary key (tid)' -c 'alter table pgbench_branches add primary key (bid)' & wait
    each -c 'alter table pgbench_accounts add foreign key (bid) references pgbench_branches' -c 'analyze pgbench_accounts' &
    each -c 'alter table pgbench_tellers add foreign key (bid) references pgbench_branches' -c 'alter table pgbench_history add foreign key (aid) references pgbench_accounts' -c 'analyze wide' & wait
}
run_godwit() { "$godwit" migrate "$(url bench)" "$(url btarget)" --jobs 2 --verify counts --quiet --report "$work/report" >/dev/null; }
run_pg_dump() { pg_dump -Fd -j2 -Z0 -f "$work/dump" bench; pg_restore -j2 -d btarget "$work/dump"; rm -rf "$work/dump"; }
run_pgcopydb() { pgcopydb clone --source "$(url bench)" --target "$(url btarget)" --table-jobs 2 --index-jobs 2 --dir "$work/pgcopydb" --restart >"$work/log" 2>&1 || { echo "pgcopydb failed: $(tail -1 "$work/log")"; return 0; }; }

if [ "$(psql -Atd bench -c "select to_regclass('wide') is null")" = t ]; then
    psql -qd bench -c "create table wide (id int primary key, kind text, doc text)" -c "create index on wide (kind)" -c "create index on pgbench_accounts (bid)" \
        -c "insert into wide select i, 'k' || i % 10, (select string_agg(md5(i::text || j::text), '') from generate_series(1, 150) j) from generate_series(1, 40000) i"
    psql -qd bench -c 'vacuum analyze'
fi
for round in $(seq "$rounds"); do
    for contender in "$@"; do
        dropdb --if-exists -f btarget; createdb btarget; psql -qd postgres -c checkpoint
        began=$(date +%s.%N)
        "run_$contender"
        echo "$round $contender $(echo "$(date +%s.%N) - $began" | bc)"
    done
done
