namespace Godwit.Journal;

/// <summary>The journal's own statements. Tables are never altered within a format; a new format is a new column with a default.</summary>
internal static class JournalSql
{
    public const string Create = """
        create schema if not exists godwit;
        create table if not exists godwit.run (
          id uuid primary key, source text not null, position text not null, options text not null, target_schema text not null, plan text not null,
          state text not null, stage text not null, started timestamptz not null, ended timestamptz, last_error text, report text);
        create table if not exists godwit.chunk (
          run_id uuid not null references godwit.run on delete cascade, source_table text not null, number int not null,
          rows bigint not null, misfits bigint not null, at timestamptz not null default now(), primary key (run_id, source_table, number));
        create table if not exists godwit.step (
          run_id uuid not null references godwit.run on delete cascade, id text not null, outcome text not null, detail text,
          at timestamptz not null default now(), primary key (run_id, id));
        create table if not exists godwit.quarantine (
          run_id uuid not null references godwit.run on delete cascade, source_table text not null, position bigint not null, key text,
          column_name text not null, reason text not null, row jsonb not null, at timestamptz not null default now());
        create table if not exists godwit.follow (
          run_id uuid primary key references godwit.run on delete cascade, feed text not null, applied bigint not null, changes bigint not null,
          pending bigint not null, state text not null, at timestamptz not null default now(), fenced timestamptz, switched timestamptz,
          in_step timestamptz, rate double precision, slope double precision, last_error text);
        create table if not exists godwit.follow_table (
          run_id uuid not null references godwit.run on delete cascade, source_table text not null, changes bigint not null, rows bigint not null,
          at timestamptz not null default now(), primary key (run_id, source_table));
        create table if not exists godwit.way_back (
          run_id uuid primary key references godwit.run on delete cascade, plan text not null, armed boolean not null default false, changes bigint not null default 0);
        create table if not exists godwit.handover (run_id uuid primary key references godwit.run on delete cascade, asked timestamptz not null);
        create table if not exists godwit.repaired (
          run_id uuid references godwit.run on delete cascade, source_table text not null, row jsonb not null, at timestamptz not null default now());
        create index if not exists quarantine_by_table on godwit.quarantine (run_id, source_table);
        """;

    public const string StepDone = """
        insert into godwit.step (run_id, id, outcome, detail) select $1, id, $3, $4 from unnest($2::text[]) id
        on conflict (run_id, id) do update set outcome = excluded.outcome, detail = excluded.detail
        """;

    // classid and objid are oid, unsigned: the lock's keys are positive, so the cast is safe.
    public const string Status = """
        select r.id, r.source, r.target_schema, r.state, r.stage, r.started, r.ended, r.last_error,
          exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = $1::int::oid and l.objid = $2::int::oid and l.objsubid = 2 and l.granted
                  and l.database = (select oid from pg_database where datname = current_database())) as alive,
          (select count(*)::int from godwit.step s where s.run_id = r.id),
          (coalesce(jsonb_array_length(r.plan::jsonb -> 'pre_data'), 0) + coalesce(jsonb_array_length(r.plan::jsonb -> 'post_data'), 0) + coalesce(jsonb_array_length(r.plan::jsonb -> 'publish'), 0))::int
        from godwit.run r where r.state <> 'abandoned' order by r.started desc
        """;

    public const string StatusTables = """
        select t ->> 'source', (t ->> 'rows')::bigint, coalesce(sum(c.rows), 0)::bigint - aside, count(c.number)::int,
          jsonb_array_length(t -> 'chunks'), coalesce(sum(c.misfits), 0)::bigint + aside
        from godwit.run r, jsonb_array_elements(r.plan::jsonb -> 'tables') with ordinality x(t, n)
        left join godwit.chunk c on c.source_table = t ->> 'source' and c.run_id = $1
        -- Between servers rows are set aside when they have been loaded.
        cross join lateral (select count(*) as aside from godwit.quarantine q where r.plan::jsonb -> 'in_place' = 'true' and q.run_id = $1 and q.source_table = t ->> 'source') a
        where r.id = $1 group by t, n, aside order by n
        """;
}
