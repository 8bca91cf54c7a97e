#!/usr/bin/env bash
# From PostgreSQL to PostgreSQL, side by side on one server of this machine: ./pairs.sh GODWIT ROUNDS DATABASE [floor|godwit|verified|pg_dump|pgcopydb]...
# PGHOST, PGPORT, PGUSER and PGPASSWORD name the server, whose superuser this has to be; DATABASE is the source, and the database btarget is dropped and made anew for each lap.
# The pgbench set: createdb bench; pgbench -i -s 20 bench; ./pairs.sh makes a wide table beside it. The portal: Godwit.Bench portal CONNECTION.
# A line for each lap: round, contender, seconds by the clock, of processor time (its own processes, the server's), peak memory of one process in MB. Then medians.
set -euo pipefail
self=$(readlink -f "$0")
export LC_ALL=C PGCONNECT_TIMEOUT=10
url() { echo "postgres://$PGUSER@/$1?host=$PGHOST&port=$PGPORT"; }

# All end with statistics: godwit and pgcopydb gather them by themselves.
# Rows by binary COPY piped into COPY, two tables at a time, large ones first; then indexes and keys in two sessions; then ANALYZE in two.
run_floor() {
    local copy='set -o pipefail; psql -qXd "$from" -c "copy $1 to stdout (format binary)" | psql -qXd btarget -c "copy $1 from stdin (format binary)" || echo "$1" >>"$work/again"'
    export PGOPTIONS="-c synchronous_commit=off -c maintenance_work_mem=256MB -c max_parallel_maintenance_workers=0 -c session_replication_role=replica"
    pg_dump -Fc -s -f "$work/schema" "$from"
    pg_restore --section=pre-data -d btarget "$work/schema" 2>>"$work/log" || true
    # Generated columns are computed by the target.
    psql -XAtd "$from" -c "select format('%s (%s)', c.oid::regclass, string_agg(quote_ident(attname), ', ' order by attnum)) from pg_class c join pg_namespace n on n.oid = relnamespace join pg_attribute on attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = ''
        where relkind = 'r' and nspname !~ '^(pg_|information_schema)' and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e') group by c.oid order by pg_table_size(c.oid) desc" |
        from=$from xargs -d '\n' -P 2 -I{} bash -c "$copy" _ {} 2>>"$work/log"
    # A check that looks into another table takes its rows after that table's.
    [ ! -e "$work/again" ] || xargs -d '\n' -I{} bash -c "$copy" _ {} <"$work/again"
    pg_restore --section=post-data -j2 -d btarget "$work/schema" 2>>"$work/log" || true
    vacuumdb -q --analyze-only -j2 btarget
}
godwit() { "$godwit" migrate "$(url "$from")" "$(url btarget)" --jobs 2 --verify "$1" --quiet --report "$work/report" >"$work/log" || [ $? = 3 ]; }
run_godwit() { godwit off; }
run_verified() { godwit full; }
run_pg_dump() { pg_dump -Fd -j2 -Z0 -f "$work/dump" "$from"; pg_restore -j2 -d btarget "$work/dump" 2>"$work/log" || true; vacuumdb -q --analyze-only -j2 btarget; }
# Where it fails, pgcopydb ends all processes of its session, so that it has one of its own.
run_pgcopydb() { setsid -w pgcopydb clone --source "$(url "$from")" --target "$(url btarget)" --table-jobs 2 --index-jobs 2 --dir "$work/pgcopydb" --restart >"$work/log" 2>&1; }

# One lap, in a process of its own, so that its processor time is told apart.
if [ "$1" = --lap ]; then
    "run_$2"
    exit
fi

godwit=$(readlink -f "$1") rounds=$2 from=$3; shift 3
[ $# -gt 0 ] || set -- floor godwit verified pg_dump pgcopydb
all=$(mktemp -d); trap 'rm -rf "$all"' EXIT
export godwit from

# Ticks of a hundredth of a second that the server's processes have used, those that have ended included.
postmaster=$(psql -XAtd postgres -c "select split_part(pg_read_file('postmaster.pid'), E'\n', 1)")
ticks() { { cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v p="$postmaster" '$1 == p || $4 == p { t += $14 + $15; if ($1 == p) t += $16 + $17 } END { print t }'; }

# What has to be there afterwards: rows of every table, indexes, constraints. What a contender leaves out is told beside its time, and is no reason to leave its time out.
contents() {
    psql -XAtd "$1" -c "select sum((xpath('/row/c/text()', query_to_xml('select count(*) c from ' || c.oid::regclass, false, true, '')))[1]::text::bigint) || ' rows' from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' and nspname !~ '^(pg_|information_schema|godwit|pgcopydb)'" \
        -c "select count(*) || ' indexes' from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'i' and nspname !~ '^(pg_|godwit|pgcopydb)'" \
        -c "select count(*) || ' constraints' from pg_constraint c join pg_namespace n on n.oid = connamespace where conrelid <> 0 and convalidated and nspname !~ '^(pg_|information_schema|godwit|pgcopydb)'" | paste -sd,
}

if [ "$(psql -XAtd "$from" -c "select to_regclass('pgbench_accounts') is not null and to_regclass('wide') is null")" = t ]; then
    psql -qXd "$from" -c "create table wide (id int primary key, kind text, doc text)" -c "create index on wide (kind)" -c "create index on pgbench_accounts (bid)" \
        -c "alter table pgbench_accounts add foreign key (bid) references pgbench_branches" -c "alter table pgbench_tellers add foreign key (bid) references pgbench_branches" -c "alter table pgbench_history add foreign key (aid) references pgbench_accounts" \
        -c "insert into wide select i, 'k' || i % 10, (select string_agg(md5(i::text || j::text), '') from generate_series(1, 150) j) from generate_series(1, (select count(*) from pgbench_accounts) / 50) i"
    psql -qXd "$from" -c 'vacuum analyze'
fi
wanted=$(contents "$from")
echo "# $from: $(psql -XAtd "$from" -c "select pg_size_pretty(pg_database_size('$from'))"), $wanted"
echo "# round contender wall own server peak"
for round in $(seq "$rounds"); do
    # In alternating order.
    order=("$@"); [ $((round % 2)) = 1 ] || order=($(printf '%s\n' "$@" | tac))
    for contender in "${order[@]}"; do
        dropdb --if-exists -f btarget; createdb -T template0 btarget; psql -qXd postgres -c checkpoint
        export work=$all/$round-$contender; mkdir "$work"
        before=$(ticks)
        /usr/bin/time -o "$work/time" -f '%e %U %S %M' bash "$self" --lap "$contender" || echo "# $contender failed: $(tail -2 "$work/log" | tr '\n' ' ')"
        # Backends count for the postmaster once they have ended.
        sleep 0.3
        after=$(ticks)
        tail -1 "$work/time" | awk -v r="$round" -v c="$contender" -v s="$((after - before))" '{ printf "%s %s %.2f %.2f %.2f %.0f\n", r, c, $1, $2 + $3, s / 100, $4 / 1024 }' | tee -a "$all/laps"
        [ "$(contents btarget)" = "$wanted" ] || echo "# $contender: $(contents btarget)"
        rm -rf "$work"
    done
done
echo "# medians: contender wall wall/floor processor processor/floor peak"
awk '
    function median(list, sorted, n, i, j, t) { n = split(list, sorted, " "); for (i = 2; i <= n; i++) for (j = i; j > 1 && sorted[j - 1] + 0 > sorted[j] + 0; j--) { t = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = t }; return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2 }
    { wall[$2] = wall[$2] " " $3; cpu[$2] = cpu[$2] " " ($4 + $5); if ($6 > peak[$2]) peak[$2] = $6; at[$1, $2] = $3; busy[$1, $2] = $4 + $5; if ($1 > rounds) rounds = $1 }
    END { for (c in wall) { r = b = ""; for (i = 1; i <= rounds; i++) if (at[i, "floor"] && at[i, c]) { r = r " " at[i, c] / at[i, "floor"]; b = b " " busy[i, c] / busy[i, "floor"] }
        printf "%s %.2f %s %.2f %s %d\n", c, median(wall[c]), r == "" ? "-" : sprintf("%.2f", median(r)), median(cpu[c]), b == "" ? "-" : sprintf("%.2f", median(b)), peak[c] } }' "$all/laps" | sort
